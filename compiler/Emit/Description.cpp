//===- Description.cpp - a library's description as data --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Description.h"

#include "compiler/Target/ObjectCode.h"
#include "edbc/abi.h"
#include "runtime/core/Policy.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace edbc;
using namespace edbc::batch;
using llvm::Constant;

static_assert(int(Isa::X86_64) == EDBC_ISA_X86_64 &&
                  int(Isa::X86_64_V3) == EDBC_ISA_X86_64_V3 &&
                  int(Isa::X86_64_V4) == EDBC_ISA_X86_64_V4 &&
                  std::size(allIsas) == EDBC_NUM_ISAS,
              "instruction sets are numbered as in the ABI");
static_assert(
    int(BindingKind::Items) == EDBC_BINDING_ITEMS &&
        int(BindingKind::OperandRows) == EDBC_BINDING_OPERAND_ROWS &&
        int(BindingKind::OperandTokens) == EDBC_BINDING_OPERAND_TOKENS &&
        int(BindingKind::OperandValues) == EDBC_BINDING_OPERAND_VALUES &&
        int(BindingKind::ResultRows) == EDBC_BINDING_RESULT_ROWS &&
        int(BindingKind::State) == EDBC_BINDING_STATE &&
        int(BindingKind::Constant) == EDBC_BINDING_CONSTANT &&
        int(BindingKind::Workspace) == EDBC_BINDING_WORKSPACE &&
        int(BindingKind::ElementRows) == EDBC_BINDING_ELEMENT_ROWS &&
        int(BindingKind::ElementOwners) == EDBC_BINDING_ELEMENT_OWNERS &&
        int(BindingKind::ElementBegins) == EDBC_BINDING_ELEMENT_BEGINS &&
        int(BindingKind::ElementWorkspace) == EDBC_BINDING_ELEMENT_WORKSPACE,
    "kinds of bindings are numbered as in the ABI");
static_assert(int(Encoding::Base) == EDBC_ENCODING_BASE &&
                  int(Encoding::Max) == EDBC_ENCODING_MAX &&
                  int(Encoding::Sort) == EDBC_ENCODING_SORT &&
                  int(Encoding::Critical) == EDBC_ENCODING_CRITICAL,
              "encodings are numbered as in the ABI");
static_assert(lanes == EDBC_LANES, "rows are padded as in the ABI");

namespace {

/// The structures of edbc/abi.h, in the layout that C gives them.
struct AbiTypes {
  explicit AbiTypes(llvm::LLVMContext &context)
      : pointer(llvm::PointerType::getUnqual(context)),
        u32(llvm::Type::getInt32Ty(context)),
        u64(llvm::Type::getInt64Ty(context)) {}

  /// Fails where a structure has another size than its C twin.
  LogicalResult verify(const Network &network,
                       const llvm::DataLayout &layout) const {
    const std::pair<llvm::StructType *, size_t> sizes[] = {
        {param, sizeof(edbc_param_desc)},
        {field, sizeof(edbc_field_desc)},
        {state, sizeof(edbc_state_desc)},
        {operand, sizeof(edbc_operand_desc)},
        {term, sizeof(edbc_pack_term)},
        {segment, sizeof(edbc_pack_segment)},
        {constant, sizeof(edbc_constant_desc)},
        {binding, sizeof(edbc_binding)},
        {phase, sizeof(edbc_phase_desc)},
        {cell, sizeof(edbc_cell_desc)},
        {transition, sizeof(edbc_transition)},
        {policy, sizeof(edbc_policy_desc)},
        {output, sizeof(edbc_output_desc)},
        {cudaFunction, sizeof(edbc_cuda_function)},
        {cudaImage, sizeof(edbc_cuda_image)},
        {cuda, sizeof(edbc_cuda_desc)},
        {library, sizeof(edbc_library)},
    };
    for (auto [type, size] : sizes)
      if (layout.getTypeAllocSize(type) != size)
        return network.emitError()
               << "structure '" << type->getName() << "' has "
               << layout.getTypeAllocSize(type).getFixedValue()
               << " bytes in the library and " << size << " in the ABI";
    return success();
  }

  llvm::Type *pointer;
  llvm::Type *u32;
  llvm::Type *u64;
  llvm::StructType *param =
      define("edbc_param_desc", {pointer, u32, u32, u32, u32, pointer});
  llvm::StructType *field =
      define("edbc_field_desc", {pointer, u32, u32, u32, u32});
  llvm::StructType *state =
      define("edbc_state_desc", {pointer, pointer, u32, u32, u32, u32});
  llvm::StructType *operand =
      define("edbc_operand_desc", {pointer, u32, u32, u32, u32, u32, u32});
  llvm::StructType *term = define("edbc_pack_term", {u32, u32});
  llvm::StructType *segment = define("edbc_pack_segment", {pointer, u32, u32});
  llvm::StructType *constant =
      define("edbc_constant_desc", {u32, u32, u32, u32, pointer, u32});
  llvm::StructType *binding = define("edbc_binding", {u32, u32});
  llvm::FunctionType *phaseFunction =
      llvm::FunctionType::get(llvm::Type::getVoidTy(pointer->getContext()),
                              {pointer, u64, u64, u64, u64}, false);
  llvm::ArrayType *functions = llvm::ArrayType::get(pointer, EDBC_NUM_ISAS);
  llvm::StructType *phase =
      define("edbc_phase_desc", {functions, u32, u32, u32, u32, u32, u32});
  llvm::StructType *cell =
      define("edbc_cell_desc", {pointer, pointer, u32, u32, pointer, u32, u32,
                                pointer, u32, u32});
  llvm::StructType *transition = define("edbc_transition", {u64, u32, u32});
  llvm::StructType *policy =
      define("edbc_policy_desc", {u32, u32, u32, u32, pointer});
  llvm::StructType *output = define("edbc_output_desc", {pointer, u32, u32});
  llvm::StructType *cudaFunction = define("edbc_cuda_function", {u32, u32});
  llvm::StructType *cudaImage =
      define("edbc_cuda_image", {pointer, u64, u32, u32});
  llvm::StructType *cuda = define(
      "edbc_cuda_desc", {pointer, pointer, u32, u32, u32, u32, u32, u32});
  llvm::StructType *library = define(
      "edbc_library", {u32, u32, pointer, pointer, pointer, pointer, pointer,
                       pointer, u32, u32, u32, u32, u32, u32, policy, pointer});

private:
  llvm::StructType *define(StringRef name, ArrayRef<llvm::Type *> fields) {
    return llvm::StructType::create(pointer->getContext(), fields, name);
  }
};

/// Adds the description of a network to an LLVM module.
class DescriptionBuilder {
public:
  DescriptionBuilder(const Network &network, const Weights *weights,
                     const cuda::DeviceKernels *device, const AbiTypes &types,
                     llvm::Module &module)
      : network(network), weights(weights), device(device), types(types),
        module(module) {}

  void build() {
    SmallVector<Constant *> params, states, constants, cells, outputs;
    for (auto [index, op] : llvm::enumerate(network.params))
      params.push_back(param(op, index));
    for (StateOp op : network.states)
      states.push_back(state(op));
    for (StateOp op : network.tableStates)
      states.push_back(state(op));
    for (ParamOp op : network.paddedParams)
      constants.push_back(paramConstant(EDBC_CONSTANT_PADDED, op));
    for (ParamOp op : network.columnParams)
      constants.push_back(paramConstant(EDBC_CONSTANT_COLUMNS, op));
    for (PackOp op : network.packs)
      constants.push_back(pack(op));
    for (StateOp op : network.tableStates)
      constants.push_back(table(op));
    for (StateOp op : network.statesWithTables)
      constants.push_back(rows(EDBC_CONSTANT_STATE_TABLE,
                               *network.findState(op.getSymName()),
                               *op.getTableRows()));
    for (KernelOp op : network.kernels)
      cells.push_back(cell(op));
    for (KernelOp op : network.tables)
      cells.push_back(cell(op));
    for (OutputOp op : network.outputs)
      outputs.push_back(output(op));
    Constant *library = record(
        types.library,
        {u32(EDBC_ABI_VERSION), u32(sizeof(edbc_library)), text(network.name),
         array(types.param, params), array(types.state, states),
         array(types.constant, constants), array(types.cell, cells),
         array(types.output, outputs), u32(params.size()),
         u32(network.states.size()), u32(constants.size()),
         u32(network.kernels.size()), u32(outputs.size()),
         u32(network.tables.size()), policy(), device ? cudaPart() : null()});
    new llvm::GlobalVariable(module, types.library, /*isConstant=*/true,
                             llvm::GlobalValue::ExternalLinkage, library,
                             descriptionSymbol(network.name));
  }

private:
  Constant *u32(uint64_t value) {
    return llvm::ConstantInt::get(types.u32, value);
  }

  static Constant *record(llvm::StructType *type, ArrayRef<Constant *> fields) {
    return llvm::ConstantStruct::get(type, fields);
  }

  /// Local read-only data; returns its address.
  llvm::GlobalVariable *local(Constant *value) {
    return new llvm::GlobalVariable(module, value->getType(),
                                    /*isConstant=*/true,
                                    llvm::GlobalValue::PrivateLinkage, value);
  }

  Constant *null() { return Constant::getNullValue(types.pointer); }

  /// The address of an array of `elements`, null where there are none.
  Constant *array(llvm::Type *type, ArrayRef<Constant *> elements) {
    if (elements.empty())
      return null();
    return local(llvm::ConstantArray::get(
        llvm::ArrayType::get(type, elements.size()), elements));
  }

  Constant *text(StringRef value) {
    Constant *&string = strings[value];
    if (!string)
      string =
          local(llvm::ConstantDataArray::getString(module.getContext(), value));
    return string;
  }

  Constant *floats(ArrayRef<float> values) {
    // As bytes, which are written in one piece.
    return bytes(StringRef(reinterpret_cast<const char *>(values.data()),
                           values.size() * sizeof(float)));
  }

  Constant *bytes(StringRef bytes) {
    llvm::GlobalVariable *data = local(llvm::ConstantDataArray::getString(
        module.getContext(), bytes, /*AddNull=*/false));
    data->setAlignment(llvm::Align(EDBC_ALIGNMENT));
    return data;
  }

  Constant *param(ParamOp op, unsigned index) {
    return record(types.param,
                  {text(op.getSymName()), u32(op.getTensorType().getRank()),
                   u32(op.getMatrices()), u32(op.getRows()),
                   u32(op.getColumns()),
                   weights ? floats(weights->values[index]) : null()});
  }

  Constant *state(StateOp op) {
    SmallVector<Constant *> fields;
    for (auto [name, offset, width, columns] :
         llvm::zip_equal(op.getFieldNames(), op.getLayout()->getOffsets(),
                         op.getWidths(), op.getColumns()))
      fields.push_back(
          record(types.field, {text(cast<StringAttr>(name).getValue()),
                               u32(offset), u32(width), u32(columns), u32(0)}));
    bool hasTable = op.getTableRows().has_value();
    return record(types.state,
                  {text(op.getSymName()), array(types.field, fields),
                   u32(fields.size()), u32(op.getLayout()->getStride()),
                   u32(hasTable ? *network.findTable(op.getSymName()) : 0),
                   u32(op.getTableRows().value_or(0))});
  }

  Constant *paramConstant(edbc_constant_kind kind, ParamOp op) {
    return record(types.constant,
                  {u32(kind), u32(*network.findParam(op.getSymName())), u32(0),
                   u32(0), null(), u32(0)});
  }

  Constant *pack(PackOp op) {
    SmallVector<Constant *> segments;
    for (Attribute attr : op.getSegments()) {
      auto segment = cast<SegmentAttr>(attr);
      SmallVector<Constant *> terms;
      for (TermAttr term : segment.getTerms())
        terms.push_back(record(
            types.term, {u32(*network.findParam(term.getParam().getValue())),
                         u32(term.getColumn())}));
      segments.push_back(
          record(types.segment, {array(types.term, terms), u32(terms.size()),
                                 u32(segment.getDepth())}));
    }
    return record(types.constant,
                  {u32(EDBC_CONSTANT_PACKED), u32(0), u32(op.getRows()),
                   u32(op.getPanel()), array(types.segment, segments),
                   u32(segments.size())});
  }

  /// The table of a kernel with a state of its own.
  Constant *table(StateOp state) {
    for (auto [index, table] : llvm::enumerate(network.tables))
      if (KernelOp op = table; op.getState() == state.getSymName())
        return rows(EDBC_CONSTANT_TABLE, index, *op.getTable());
    llvm_unreachable("the network has a table for each such state");
  }

  Constant *rows(edbc_constant_kind kind, unsigned index, uint64_t number) {
    return record(types.constant,
                  {u32(kind), u32(index), u32(number), u32(0), null(), u32(0)});
  }

  Constant *operand(KernelOp kernel, BlockArgument argument) {
    unsigned number = argument.getArgNumber();
    Type type = argument.getType();
    edbc_operand_kind kind;
    uint32_t index = 0, bound = 0, elementStride = 0;
    uint32_t table = EDBC_NO_TABLE;
    if (auto rows = dyn_cast<RowsType>(type)) {
      kind = EDBC_OPERAND_STATE;
      index = *network.findState(rows.getState().getValue());
    } else if (auto ragged = dyn_cast<RaggedType>(type)) {
      kind = EDBC_OPERAND_STATES;
      index = *network.findState(ragged.getState().getValue());
      bound = ragged.getLeast();
      if (RowLayoutAttr workspace = kernel.getWorkspaceOf(number))
        elementStride = workspace.getStride();
    } else if (auto tokens = dyn_cast<TokensType>(type)) {
      kind = EDBC_OPERAND_TOKEN;
      bound = tokens.getBound();
      table = network.findTableOf(argument).value_or(EDBC_NO_TABLE);
    } else {
      kind = EDBC_OPERAND_DENSE;
      bound = cast<ValuesType>(type).getWidth();
    }
    return record(types.operand,
                  {text(kernel.getOperandName(number)), u32(kind), u32(index),
                   u32(bound), u32(elementStride), u32(table), u32(0)});
  }

  Constant *binding(BindingAttr attr) {
    auto kind = static_cast<uint32_t>(attr.getKind());
    uint32_t index = 0;
    switch (attr.getKind()) {
    case BindingKind::OperandRows:
    case BindingKind::OperandTokens:
    case BindingKind::OperandValues:
    case BindingKind::ElementRows:
    case BindingKind::ElementOwners:
    case BindingKind::ElementBegins:
    case BindingKind::ElementWorkspace:
      index = attr.getIndex();
      break;
    case BindingKind::State:
      index = *network.findState(attr.getSymbol().getValue());
      break;
    case BindingKind::Constant:
    case BindingKind::Columns:
    case BindingKind::Table:
      kind = EDBC_BINDING_CONSTANT;
      index = *network.findConstant(attr);
      break;
    case BindingKind::Items:
    case BindingKind::ResultRows:
    case BindingKind::Workspace:
      break;
    }
    return record(types.binding, {u32(kind), u32(index)});
  }

  Constant *phase(KernelOp kernel, PhaseOp op, unsigned number) {
    SmallVector<Constant *> functions(EDBC_NUM_ISAS, null());
    for (ModuleOp target : network.targets) {
      Isa isa = *isaOf(target);
      auto *function = llvm::Function::Create(
          types.phaseFunction, llvm::GlobalValue::ExternalLinkage,
          phaseFunctionName(network.name, kernel.getSymName(), number, isa),
          module);
      function->setVisibility(llvm::GlobalValue::HiddenVisibility);
      functions[static_cast<unsigned>(isa)] = function;
    }
    return record(types.phase,
                  {llvm::ConstantArray::get(types.functions, functions),
                   u32(network.numPanels(op)), u32(op.getColumns()),
                   u32(op.getOver() ? *op.getOver() : EDBC_NODES),
                   u32(op.getCopiedFloats()), u32(deviceFunction(op)),
                   u32(op.isAhead())});
  }

  uint32_t deviceFunction(PhaseOp op) {
    if (!device)
      return EDBC_NO_DEVICE_FUNCTION;
    auto found = device->code.functionOf.find(op);
    return found == device->code.functionOf.end() ? EDBC_NO_DEVICE_FUNCTION
                                                  : found->second;
  }

  Constant *cudaPart() {
    SmallVector<Constant *> functions, images;
    for (const edbc_cuda_function &tiles : device->code.functions)
      functions.push_back(
          record(types.cudaFunction,
                 {u32(tiles.tile_rows), u32(tiles.tiles_per_row_tile)}));
    for (const cuda::DeviceImage &image : device->images)
      images.push_back(
          record(types.cudaImage,
                 {bytes(image.data),
                  llvm::ConstantInt::get(types.u64, image.data.size()),
                  u32(image.architecture.number), u32(image.kind)}));
    return local(record(types.cuda, {array(types.cudaImage, images),
                                     array(types.cudaFunction, functions),
                                     u32(images.size()), u32(functions.size()),
                                     u32(device->code.blockThreads),
                                     u32(device->code.sharedBytes),
                                     u32(device->code.precision), u32(0)}));
  }

  Constant *cell(KernelOp op) {
    SmallVector<Constant *> operands, bindings, phases;
    for (BlockArgument argument : op.getBodyBlock().getArguments())
      operands.push_back(operand(op, argument));
    for (Attribute attr : op.getBindingsAttr())
      bindings.push_back(binding(cast<BindingAttr>(attr)));
    for (auto [number, phaseOp] : llvm::enumerate(phasesOf(op)))
      phases.push_back(phase(op, phaseOp, number));
    return record(
        types.cell,
        {text(op.getSymName()), array(types.operand, operands),
         u32(operands.size()), u32(*network.findState(op.getState())),
         array(types.binding, bindings), u32(bindings.size()),
         u32(phases.size()), array(types.phase, phases),
         u32(op.getWorkspace() ? op.getWorkspace()->getStride() : 0),
         u32(op.getFirstRow() ? EDBC_TABLE_ROW + *op.getFirstRow() : 0)});
  }

  Constant *output(OutputOp op) {
    unsigned index = *network.findState(op.getState());
    StateOp state = network.states[index];
    return record(types.output, {text(op.getSymName()), u32(index),
                                 u32(*state.findField(op.getField()))});
  }

  Constant *policy() {
    std::vector<edbc_transition> transitions;
    PolicyKind kind = PolicyKind::Lemma;
    Encoding encoding = Encoding::Base;
    if (PolicyOp op = network.policy) {
      kind = op.getKind();
      encoding = op.getEncoding();
      for (Attribute attr : op.getTransitions())
        transitions.push_back(transition(cast<TransitionAttr>(attr)));
    }
    core::PolicyTable table = core::buildTable(transitions);
    SmallVector<Constant *> slots;
    for (const edbc_transition &slot : table.slots)
      slots.push_back(
          record(types.transition, {llvm::ConstantInt::get(types.u64, slot.key),
                                    u32(slot.action), u32(0)}));
    return record(types.policy,
                  {u32(static_cast<uint32_t>(kind)),
                   u32(static_cast<uint32_t>(encoding)), u32(table.log2Slots),
                   u32(0), array(types.transition, slots)});
  }

  edbc_transition transition(TransitionAttr attr) {
    SmallVector<uint32_t> sequence;
    for (FlatSymbolRefAttr kernel : attr.getFrontier())
      sequence.push_back(*network.findKernel(kernel.getValue()));
    return {
        core::foldKey(sequence.data(), sequence.size(), network.kernels.size()),
        *network.findKernel(attr.getAction().getValue()), 0};
  }

  const Network &network;
  const Weights *weights;
  const cuda::DeviceKernels *device;
  const AbiTypes &types;
  llvm::Module &module;
  llvm::StringMap<Constant *> strings;
};

} // namespace

std::string edbc::descriptionSymbol(StringRef network) {
  return ("edbc_library_" + network).str();
}

FailureOr<std::string>
edbc::describeNetwork(const Network &network, const Weights *weights,
                      const cuda::DeviceKernels *device) {
  llvm::Expected<CodeGenerator> generator = CodeGenerator::create("x86-64");
  if (!generator)
    return network.emitError() << llvm::toString(generator.takeError());
  llvm::LLVMContext context;
  llvm::Module module(network.name, context);
  generator->prepare(module);
  AbiTypes types(context);
  if (failed(types.verify(network, module.getDataLayout())))
    return failure();
  DescriptionBuilder(network, weights, device, types, module).build();
  llvm::Expected<std::string> object =
      generator->write(module, CodeFormat::Object);
  if (!object)
    return network.emitError() << llvm::toString(object.takeError());
  return std::move(*object);
}
