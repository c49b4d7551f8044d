//===- Model.cpp - a network with its weights ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Model.h"

#include "runtime/src/Constants.h"
#include "runtime/src/Failure.h"
#include "runtime/src/Safetensors.h"
#include "runtime/src/Tables.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace edbc;

//===----------------------------------------------------------------------===//
// Instruction sets
//===----------------------------------------------------------------------===//

static const char *const isaNames[EDBC_NUM_ISAS] = {"x86-64", "x86-64-v3",
                                                    "x86-64-v4"};
static const char *const isaList = "x86-64, x86-64-v3, x86-64-v4";

/// Whether the processor has the instructions and the operating system saves
/// the registers.
static bool machineHas(edbc_isa isa) {
#if defined(__x86_64__)
  if (isa == EDBC_ISA_X86_64)
    return true;
  unsigned eax, ebx, ecx, edx, features, extended, leaf1;
  if (!__get_cpuid(1, &eax, &ebx, &leaf1, &edx) ||
      !__get_cpuid_count(7, 0, &eax, &features, &ecx, &edx) ||
      !__get_cpuid(0x80000001, &eax, &ebx, &extended, &edx))
    return false;
  // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT.
  constexpr unsigned v3Leaf1 =
      1u << 12 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 29;
  constexpr unsigned v3Features = 1u << 3 | 1u << 5 | 1u << 8;
  constexpr unsigned v3Extended = 1u << 5;
  // AVX-512 F, DQ, CD, BW, VL.
  constexpr unsigned v4Features =
      1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  // XMM and YMM; for AVX-512 also masks, upper halves, ZMM16 to 31.
  constexpr unsigned v3Saved = 0x06, v4Saved = 0xE6;
  if ((leaf1 & v3Leaf1) != v3Leaf1 || (features & v3Features) != v3Features ||
      (extended & v3Extended) != v3Extended)
    return false;
  unsigned saved, high;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  if (isa == EDBC_ISA_X86_64_V3)
    return (saved & v3Saved) == v3Saved;
  return (features & v4Features) == v4Features && (saved & v4Saved) == v4Saved;
#else
  (void)isa;
  return false;
#endif
}

static bool libraryHas(const edbc_library &library, edbc_isa isa) {
  for (uint32_t c = 0; c < library.num_cells + library.num_tables; ++c)
    for (uint32_t p = 0; p < library.cells[c].num_phases; ++p)
      if (!library.cells[c].phases[p].functions[isa])
        return false;
  return true;
}

static edbc_status chooseIsa(const edbc_library &library, edbc_isa &chosen,
                             edbc_error *error) {
  const char *forced = getenv("EDBC_ISA");
  bool isForced = forced && *forced != '\0';
  for (int i = EDBC_NUM_ISAS - 1; i >= 0; --i) {
    edbc_isa isa = static_cast<edbc_isa>(i);
    if (isForced && strcmp(forced, isaNames[i]) != 0)
      continue;
    bool isOnMachine = machineHas(isa), isInLibrary = libraryHas(library, isa);
    if (isOnMachine && isInLibrary) {
      chosen = isa;
      return EDBC_OK;
    }
    if (isForced && !isOnMachine)
      return fail(error, EDBC_UNSUPPORTED,
                  "EDBC_ISA asks for %s, which this machine doesn't have",
                  forced);
    if (isForced)
      return fail(error, EDBC_UNSUPPORTED,
                  "EDBC_ISA asks for %s, for which network '%s' was not "
                  "compiled",
                  forced, library.name);
  }
  if (isForced)
    return fail(error, EDBC_INVALID_ARGUMENT,
                "EDBC_ISA names an unknown instruction set '%s'; known are %s",
                forced, isaList);
  return fail(error, EDBC_UNSUPPORTED,
              "network '%s' was compiled for no instruction set that this "
              "machine has (of %s)",
              library.name, isaList);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static edbc_status takeEmbedded(const edbc_library &library,
                                const TakeRows &take, edbc_error *error) {
  for (uint32_t i = 0; i < library.num_params; ++i) {
    const edbc_param_desc &param = library.params[i];
    if (!param.data)
      return fail(error, EDBC_INVALID_ARGUMENT,
                  "network '%s' needs a weights file: parameter '%s' was not "
                  "embedded when it was compiled",
                  library.name, param.name);
    take(i, 0, size_t(param.matrices) * param.rows, param.data);
  }
  return EDBC_OK;
}

/// By constant: whether kernels go on to read it, or nodes have rows of it.
/// From the others tables are computed at once, and then nobody needs them.
static std::vector<bool> findLasting(const edbc_model &model) {
  const edbc_library &library = *model.library;
  std::vector<bool> isLasting(library.num_constants);
  for (uint32_t c = 0; c < library.num_cells + library.num_tables; ++c) {
    const edbc_cell_desc &cell = library.cells[c];
    if (c >= library.num_cells && (model.device || !isComputedByToken(cell)))
      continue;
    for (uint32_t slot = 0; slot < cell.num_bindings; ++slot)
      if (cell.bindings[slot].kind == EDBC_BINDING_CONSTANT)
        isLasting[cell.bindings[slot].index] = true;
  }
  for (uint32_t s = 0; s < library.num_states; ++s)
    if (library.states[s].table_rows != 0)
      isLasting[library.states[s].table] = true;
  return isLasting;
}

/// Arranges the constants in the model's arena, and those that nobody reads for
/// long in `temporary`. Nothing is written to them yet.
static std::vector<float *> placeConstants(edbc_model &model,
                                           const std::vector<bool> &isLasting,
                                           AlignedArray<float> &temporary) {
  const edbc_library &library = *model.library;
  size_t sizes[] = {0, 0};
  for (uint32_t i = 0; i < library.num_constants; ++i)
    sizes[isLasting[i]] += constantSize(library, library.constants[i]);
  temporary = AlignedArray<float>(sizes[false]);
  model.arena = AlignedArray<float>(sizes[true]);
  std::vector<float *> constants;
  constants.reserve(library.num_constants);
  float *next[] = {temporary.data(), model.arena.data()};
  for (uint32_t i = 0; i < library.num_constants; ++i) {
    float *&out = next[isLasting[i]];
    constants.push_back(out);
    out += constantSize(library, library.constants[i]);
  }
  return constants;
}

/// Fills in all constants of a model.
static edbc_status computeConstants(edbc_model &model, const char *weightsPath,
                                    edbc_error *error) {
  const edbc_library &library = *model.library;
  const std::vector<bool> isLasting = findLasting(model);
  AlignedArray<float> temporary;
  const std::vector<float *> constants =
      placeConstants(model, isLasting, temporary);
  const ConstantWriter writer(library, constants);
  auto take = [&](uint32_t param, size_t firstRow, size_t numRows,
                  const float *values) {
    writer.write(param, firstRow, numRows, values);
  };
  if (edbc_status status =
          weightsPath ? readSafetensors(weightsPath, library, take, error)
                      : takeEmbedded(library, take, error))
    return status;
  model.constants.assign(constants.begin(), constants.end());
  model.tables = std::make_unique<Tables>(model);
  if (model.device) {
    model.tables->requireAll();
    model.tables = nullptr;
  }
  for (uint32_t i = 0; i < library.num_constants; ++i)
    if (!isLasting[i])
      model.constants[i] = nullptr;
  for (uint32_t s = 0; s < library.num_states; ++s)
    model.stateTables.push_back(library.states[s].table_rows != 0
                                    ? model.constants[library.states[s].table]
                                    : nullptr);
  return EDBC_OK;
}

/// Moves the constants to the device. What stays are the tables of states of
/// which applications read outputs.
static void moveToDevice(edbc_model &model) {
  const edbc_library &library = *model.library;
  std::vector<size_t> sizes;
  for (uint32_t i = 0; i < library.num_constants; ++i)
    sizes.push_back(constantSize(library, library.constants[i]));
  model.device->upload(model.constants, sizes);
  std::vector<bool> isRead(library.num_states);
  for (uint32_t i = 0; i < library.num_outputs; ++i)
    isRead[library.outputs[i].state] = true;
  for (uint32_t s = 0; s < library.num_states; ++s)
    if (!isRead[s])
      model.stateTables[s] = nullptr;
  size_t size = 0;
  for (uint32_t s = 0; s < library.num_states; ++s)
    if (model.stateTables[s])
      size += sizes[library.states[s].table];
  AlignedArray<float> tables(size);
  float *out = tables.data();
  for (uint32_t s = 0; s < library.num_states; ++s) {
    if (!model.stateTables[s])
      continue;
    size_t count = sizes[library.states[s].table];
    memcpy(out, model.stateTables[s], count * sizeof(float));
    model.stateTables[s] = out;
    out += count;
  }
  model.arena = std::move(tables);
  model.constants.clear();
}

const float *edbc_model::tableRow(uint32_t state, uint32_t row,
                                  bool onDevice) const {
  const edbc_state_desc &desc = library->states[state];
  size_t offset = size_t(row - EDBC_TABLE_ROW) * desc.stride;
  if (!onDevice)
    return stateTables[state] + offset;
  if (!device)
    return nullptr;
  return reinterpret_cast<const float *>(device->constants()[desc.table]) +
         offset;
}

//===----------------------------------------------------------------------===//
// The C interface
//===----------------------------------------------------------------------===//

static edbc_status openDevice(edbc_model &model,
                              const edbc_model_options *options,
                              edbc_error *error) {
  // As a number: the compiler may take for granted that an enumeration holds
  // one of its values.
  int kind = EDBC_DEVICE_CPU;
  static_assert(sizeof(kind) == sizeof(edbc_device_kind), "ABI");
  if (options)
    memcpy(&kind, &options->device, sizeof(kind));
  if (kind == EDBC_DEVICE_CPU)
    return EDBC_OK;
  if (kind != EDBC_DEVICE_CUDA)
    return fail(error, EDBC_INVALID_ARGUMENT, "there is no kind of device %d",
                kind);
  model.device =
      std::make_unique<cuda::DeviceModel>(*model.library, options->ordinal);
  return EDBC_OK;
}

/// In which order cells can be batched.
static core::TypeOrder orderOf(const edbc_library &library) {
  std::vector<uint32_t> results;
  std::vector<std::vector<uint32_t>> taken(library.num_cells);
  for (uint32_t c = 0; c < library.num_cells; ++c) {
    const edbc_cell_desc &cell = library.cells[c];
    results.push_back(cell.result);
    for (uint32_t i = 0; i < cell.num_operands; ++i)
      if (cell.operands[i].kind == EDBC_OPERAND_STATE ||
          cell.operands[i].kind == EDBC_OPERAND_STATES)
        taken[c].push_back(cell.operands[i].index);
  }
  return core::TypeOrder(core::operandsOfTypes(results, taken));
}

static edbc_status createModel(const edbc_library *library,
                               const edbc_model_options *options,
                               edbc_model **out, edbc_error *error) {
  if (!library || !out)
    return fail(error, EDBC_INVALID_ARGUMENT, "a null argument");
  // Of another version nothing but these two numbers can be relied on.
  if (library->abi_version != EDBC_ABI_VERSION ||
      library->struct_size != sizeof(edbc_library))
    return fail(error, EDBC_INCOMPATIBLE,
                "the network was compiled for ABI version %u (description of "
                "%u bytes), but the runtime has version %u (%zu bytes)",
                library->abi_version, library->struct_size, EDBC_ABI_VERSION,
                sizeof(edbc_library));

  auto model = std::make_unique<edbc_model>();
  model->library = library;
  model->order = orderOf(*library);
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  model->nextEpoch = static_cast<uint32_t>(now ^ (now >> 32));
  if (edbc_status status = chooseIsa(*library, model->isa, error))
    return status;
  if (edbc_status status = openDevice(*model, options, error))
    return status;

  const char *weightsPath = options ? options->weights_path : nullptr;
  if (edbc_status status = computeConstants(*model, weightsPath, error))
    return status;
  if (model->device)
    moveToDevice(*model);
  *out = model.release();
  return EDBC_OK;
}

edbc_status edbc_model_create(const edbc_library *library,
                              const edbc_model_options *options,
                              edbc_model **out, edbc_error *error) {
  return guarded(error,
                 [&] { return createModel(library, options, out, error); });
}

edbc_status edbc_cuda_architecture(uint32_t ordinal, uint32_t *architecture,
                                   edbc_error *error) {
  if (!architecture)
    return fail(error, EDBC_INVALID_ARGUMENT, "a null argument");
  return guarded(error, [&] {
    *architecture =
        cuda::findDevice(cuda::Driver::open(), ordinal).architecture;
    return EDBC_OK;
  });
}

void edbc_model_destroy(edbc_model *model) { delete model; }

const char *edbc_model_isa(const edbc_model *model) {
  return model->device ? model->device->architecture() : isaNames[model->isa];
}
