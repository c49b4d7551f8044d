//===- EmitTest.cpp - tests of whole libraries ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Emit.h"

#include "compiler/Emit/RandomWeights.h"
#include "compiler/Emit/Weights.h"
#include "test/unit/emit/TinyNetwork.h"

#include "llvm/Object/Archive.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "gmock/gmock.h"

#include <map>

using namespace edbc;
using namespace edbc::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class EmitTest : public EmitFixture {
protected:
  bool emit(const std::string &text, const std::string &directory,
            const std::string &weightsPath = "",
            llvm::ArrayRef<cuda::DeviceImage> images = {}) {
    mlir::OwningOpRef<mlir::ModuleOp> module = parse(text);
    EmitOptions options;
    cuda::DeviceKernels device;
    if (!images.empty()) {
      device.code = *cuda::printDeviceCode(*module, EDBC_PRECISION_TF32);
      device.images = images;
      options.device = &device;
    }
    options.directory = pathOf(directory);
    options.weightsPath = weightsPath;
    return succeeded(
        emitLibrary(*module, options, [&](llvm::StringRef message) {
          fileErrors.push_back(message.str());
        }));
  }

  std::string writeWeights(const std::string &text) {
    mlir::OwningOpRef<mlir::ModuleOp> module = parse(text);
    std::string path = pathOf("weights.safetensors");
    EXPECT_EQ(llvm::toString(writeFile(path,
                                       [&](llvm::raw_ostream &os) {
                                         writeRandomWeights(*module, 1, os);
                                       })),
              "");
    return path;
  }

  /// Runs a program with its output going to the file `log` in the folder.
  int execute(const std::vector<std::string> &command) {
    std::vector<llvm::StringRef> arguments(command.begin(), command.end());
    std::string log = pathOf("log");
    std::optional<llvm::StringRef> redirects[] = {std::nullopt, log, log};
    return llvm::sys::ExecuteAndWait(command.front(), arguments, std::nullopt,
                                     redirects);
  }

  /// Builds a program against the library in `directory` and runs it.
  void buildAndRun(const std::string &directory, const std::string &program,
                   const std::string &network = "tiny") {
    ASSERT_EQ(llvm::toString(writeFiles(pathOf(""), {{"main.cpp", program}})),
              "");
    std::string library = pathOf(directory);
    std::vector<std::string> command = {EDBC_TEST_CXX,
                                        "-std=c++17",
                                        "-Wall",
                                        "-Wextra",
                                        "-Wpedantic",
                                        "-Werror",
                                        "-I",
                                        library + "/include",
                                        pathOf("main.cpp"),
                                        library + "/lib/lib" + network + ".a",
                                        "-o",
                                        pathOf("program")};
    if (llvm::StringRef flags = EDBC_TEST_CXX_FLAGS; !flags.empty())
      command.push_back(flags.str());
    ASSERT_EQ(execute(command), 0) << readFile(pathOf("log"));
    EXPECT_EQ(execute({pathOf("program")}), 0) << readFile(pathOf("log"));
  }

  std::vector<std::string> fileErrors;
};

const char *const libraryFiles[] = {"lib/libtiny.a",      "include/tiny.h",
                                    "include/edbc/abi.h", "include/edbc/edbc.h",
                                    "tiny.json",          "tiny.cmake"};

TEST_F(EmitTest, sameModuleGivesSameBytes) {
  std::string weights = writeWeights(tinyNetwork());
  ASSERT_TRUE(emit(tinyNetwork(), "first", weights));
  ASSERT_TRUE(emit(tinyNetwork(), "second", weights));
  for (std::string file : libraryFiles)
    EXPECT_EQ(readFile(pathOf("first/" + file)),
              readFile(pathOf("second/" + file)))
        << file;
}

TEST_F(EmitTest, archiveHasDescriptionKernelsAndRuntime) {
  ASSERT_TRUE(emit(tinyNetwork(), "out"));
  std::string bytes = readFile(pathOf("out/lib/libtiny.a"));
  llvm::Expected<std::unique_ptr<llvm::object::Archive>> archive =
      llvm::object::Archive::create(llvm::MemoryBufferRef(bytes, "library"));
  ASSERT_TRUE(bool(archive)) << llvm::toString(archive.takeError());
  std::map<std::string, std::string> members; // by symbol
  for (const llvm::object::Archive::Symbol &symbol : (*archive)->symbols()) {
    llvm::Expected<llvm::object::Archive::Child> member = symbol.getMember();
    ASSERT_TRUE(bool(member)) << llvm::toString(member.takeError());
    members[symbol.getName().str()] = llvm::cantFail(member->getName()).str();
  }
  EXPECT_EQ(members["edbc_library_tiny"], "tiny.description.o");
  EXPECT_EQ(members["edbc.tiny.leaf.0.v3"], "tiny.x86-64-v3.o");
  EXPECT_EQ(members["edbc.tiny.scale.1.v4"], "tiny.x86-64-v4.o");
  EXPECT_THAT(members["edbc_model_create"], HasSubstr("Model"));
  EXPECT_EQ(members.count("slot"), 0u);
}

TEST_F(EmitTest, programsUseTheLibrary) {
  std::string weights = writeWeights(tinyNetwork());
  ASSERT_TRUE(emit(tinyNetwork(), "out", weights));
  buildAndRun("out", R"(
#include "tiny.h"
#include <cstdio>
static int failures;
static void check(bool good, const char *what, const char *isa) {
  if (!good) {
    std::printf("%s: wrong %s\n", isa, what);
    ++failures;
  }
}
static void run(const tiny::Model &model) {
  tiny::Session session(model);
  const float by[tiny::Model::hidden] = {3};
  session.beginInstance();
  tiny::Node a = session.leaf(1), b = session.leaf(3);
  tiny::Node sum = session.join(a, b);
  tiny::Score score = session.scale(sum, {by, 5});
  session.run();
  const float *table = edbc_library_tiny.params[0].data;
  check(session.hidden(a)[0] == table[5], "leaf", model.isa());
  check(session.hidden(sum)[0] == table[5] + table[15], "join", model.isa());
  check(session.scaled(score)[0] == 3 * (table[5] + table[15]), "scale",
        model.isa());
  check(session.scaled(score).size() == 5, "width", model.isa());
}
static void runOnDevice() {
  try {
    tiny::Model model(edbc::Device::cuda(0));
    check(false, "device", model.isa());
  } catch (const edbc::Error &error) {
    check(error.status() == EDBC_UNSUPPORTED, "error", error.what());
  }
  tiny::Model model;
  tiny::Session session(model);
  tiny::Node a = session.leaf(1);
  session.run();
  try {
    session.hidden(a, edbc::onDevice);
    check(false, "view", model.isa());
  } catch (const edbc::Error &error) {
    check(error.status() == EDBC_INVALID_ARGUMENT, "error", error.what());
  }
}
int main() {
  runOnDevice();
  run(tiny::Model());
  run(tiny::Model(")" + weights +
                         R"("));
  return failures;
}
)");
}

TEST_F(EmitTest, descriptionSaysWhatTheModuleSays) {
  ASSERT_TRUE(emit(tinyNetwork(), "out"));
  buildAndRun("out", R"(
#include "tiny.h"
#include <cstdio>
#include <cstring>
static int failures;
#define CHECK(condition)                                                       \
  if (!(condition)) {                                                          \
    std::printf("%s\n", #condition);                                           \
    ++failures;                                                                \
  }
static bool same(const char *a, const char *b) { return !std::strcmp(a, b); }
int main() {
  const edbc_library &l = edbc_library_tiny;
  CHECK(l.abi_version == EDBC_ABI_VERSION && l.struct_size == sizeof(l));
  CHECK(same(l.name, "tiny"));
  CHECK(l.num_params == 3 && l.num_states == 2 && l.num_constants == 3);
  CHECK(l.num_cells == 3 && l.num_outputs == 2);
  CHECK(!l.cuda);

  CHECK(same(l.params[0].name, "E") && l.params[0].rank == 2);
  CHECK(l.params[0].rows == 4 && l.params[0].columns == 5);
  CHECK(same(l.params[2].name, "b") && l.params[2].rank == 1);
  CHECK(l.params[2].rows == 1 && l.params[2].columns == 5);
  CHECK(!l.params[0].data && !l.params[2].data);

  CHECK(same(l.states[1].name, "Score") && l.states[1].stride == 32);
  CHECK(l.states[1].num_fields == 2 && same(l.states[1].fields[0].name, "x"));
  CHECK(l.states[1].fields[0].offset == 16 && l.states[1].fields[0].width == 5);
  CHECK(l.states[1].fields[1].offset == 0);

  CHECK(l.constants[0].kind == EDBC_CONSTANT_PADDED);
  CHECK(l.constants[0].param == 0 && l.constants[1].param == 2);
  const edbc_constant_desc &pack = l.constants[2];
  CHECK(pack.kind == EDBC_CONSTANT_PACKED && pack.rows == 5);
  CHECK(pack.panel == 16 && pack.num_segments == 2);
  CHECK(pack.segments[1].depth == 5 && pack.segments[1].num_terms == 1);
  CHECK(pack.segments[1].terms[0].param == 1);
  CHECK(pack.segments[1].terms[0].column == 5);

  const edbc_cell_desc &leaf = l.cells[0], &join = l.cells[1],
                       &scale = l.cells[2];
  CHECK(same(leaf.name, "leaf") && leaf.num_operands == 1 && leaf.result == 0);
  CHECK(same(leaf.operands[0].name, "word") && leaf.operands[0].bound == 4);
  CHECK(leaf.operands[0].kind == EDBC_OPERAND_TOKEN);
  CHECK(leaf.num_bindings == 5 && leaf.workspace_stride == 0);
  CHECK(leaf.bindings[1].kind == EDBC_BINDING_OPERAND_TOKENS);
  CHECK(leaf.bindings[4].kind == EDBC_BINDING_CONSTANT);
  CHECK(leaf.bindings[4].index == 0);
  CHECK(join.bindings[2].kind == EDBC_BINDING_OPERAND_ROWS);
  CHECK(join.bindings[2].index == 1);
  CHECK(join.bindings[5].index == 2 && join.bindings[6].index == 1);
  CHECK(join.num_phases == 1 && join.phases[0].num_panels == 1);
  CHECK(join.phases[0].device_function == EDBC_NO_DEVICE_FUNCTION);
  CHECK(scale.result == 1 && scale.num_phases == 2);
  CHECK(scale.operands[1].kind == EDBC_OPERAND_DENSE);
  CHECK(scale.operands[1].bound == 5 && scale.workspace_stride == 16);
  CHECK(scale.bindings[5].kind == EDBC_BINDING_STATE);
  CHECK(scale.bindings[5].index == 1);
  CHECK(scale.bindings[6].kind == EDBC_BINDING_WORKSPACE);
  CHECK(!scale.phases[0].functions[EDBC_ISA_X86_64]);
  for (unsigned isa : {EDBC_ISA_X86_64_V3, EDBC_ISA_X86_64_V4})
    CHECK(scale.phases[0].functions[isa] && scale.phases[1].functions[isa] &&
          scale.phases[0].functions[isa] != scale.phases[1].functions[isa]);

  CHECK(same(l.outputs[1].name, "scaled") && l.outputs[1].state == 1);
  CHECK(l.outputs[1].field == 1);

  CHECK(l.policy.kind == EDBC_POLICY_FSM);
  CHECK(l.policy.encoding == EDBC_ENCODING_SORT && l.policy.log2_slots == 2);
  unsigned found = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const edbc_transition &t = l.policy.slots[i];
    // Digits in base 5: leaf; scale, join.
    found += (t.key == 1 && t.action == 0) || (t.key == 17 && t.action == 1);
  }
  CHECK(found == 2);
  return failures;
}
)");
}

const cuda::DeviceImage someImages[] = {
    {{90, false}, EDBC_CUDA_CUBIN, "cubin of nine"},
    {{80, false}, EDBC_CUDA_PTX, std::string("text of eight\0", 14)}};

TEST_F(EmitTest, descriptionTellsOfDeviceKernels) {
  ASSERT_TRUE(emit(tinyNetwork(), "out", "", someImages));
  buildAndRun("out", R"(
#include "tiny.h"
#include <cstdio>
#include <cstring>
static int failures;
#define CHECK(condition)                                                       \
  if (!(condition)) {                                                          \
    std::printf("%s\n", #condition);                                           \
    ++failures;                                                                \
  }
int main() {
  const edbc_library &l = edbc_library_tiny;
  CHECK(l.cuda);
  const edbc_cuda_desc &cuda = *l.cuda;
  CHECK(cuda.precision == EDBC_PRECISION_TF32 && cuda.block_threads == 128);
  CHECK(cuda.num_images == 2 && cuda.images[0].kind == EDBC_CUDA_CUBIN);
  CHECK(cuda.images[0].architecture == 90 && cuda.images[0].size == 13);
  CHECK(!std::memcmp(cuda.images[0].data, "cubin of nine", 13));
  CHECK(cuda.images[1].kind == EDBC_CUDA_PTX && cuda.images[1].size == 14);
  CHECK(cuda.images[1].architecture == 80);
  CHECK(!std::strcmp(static_cast<const char *>(cuda.images[1].data),
                     "text of eight"));
  CHECK(cuda.num_functions == 4 && cuda.shared_bytes > 4096);
  // A warp for each row, where there is no product.
  CHECK(cuda.functions[0].tile_rows == 4);
  CHECK(cuda.functions[0].tiles_per_row_tile == 1);
  CHECK(cuda.functions[1].tile_rows == 32);
  for (unsigned cell = 0; cell < 2; ++cell)
    CHECK(l.cells[cell].phases[0].device_function == cell);
  CHECK(l.cells[2].phases[0].device_function == 2);
  CHECK(l.cells[2].phases[1].device_function == 3);
  return failures;
}
)");
  EXPECT_THAT(readFile(pathOf("out/include/tiny.h")),
              HasSubstr("/// Has kernels for CUDA devices (products in tf32): "
                        "sm_90 and those after sm_80.\n"));
}

TEST_F(EmitTest, headerSaysThatNoKernelIsCompiled) {
  mlir::OwningOpRef<mlir::ModuleOp> module = parse(tinyNetwork());
  cuda::DeviceKernels device = {
      *cuda::printDeviceCode(*module, EDBC_PRECISION_F32), {}};
  EmitOptions options;
  options.directory = pathOf("out");
  options.device = &device;
  ASSERT_TRUE(succeeded(emitLibrary(*module, options, [](llvm::StringRef) {})));
  EXPECT_THAT(readFile(pathOf("out/include/tiny.h")),
              HasSubstr("(products in f32): none compiled.\n"));
}

TEST_F(EmitTest, programsUseMatricesAndLists) {
  ASSERT_TRUE(emit(bagNetwork(), "out", writeWeights(bagNetwork())));
  buildAndRun("out", R"(
#include "bags.h"
#include <cstdio>
#include <string>
static int failures;
#define CHECK(condition)                                                       \
  if (!(condition)) {                                                          \
    std::printf("%s\n", #condition);                                           \
    ++failures;                                                                \
  }
static float word(unsigned token, unsigned column) {
  return edbc_library_bags.params[0].data[token * 6 + column] +
         edbc_library_bags.params[1].data[column];
}
int main() {
  bags::Model model;
  bags::Session session(model);
  bags::Node a = session.word(1), b = session.word(3);
  bags::Node one = session.bag({&b, 1}, {});
  bags::Node sum = session.bag(std::vector<bags::Node>{a, b, a}, {&a, 1});
  session.run();
  edbc::MatrixView matrix = session.matrix(sum);
  CHECK(matrix.rows() == 3 && matrix.columns() == 2);
  CHECK(session.matrix(a).column(1).size() == 3);
  for (unsigned column = 0; column < 2; ++column) {
    float wa = word(1, column), wb = word(3, column);
    CHECK(session.matrix(a)(0, column) == wa);
    CHECK(session.matrix(one)(0, column) == wb);
    CHECK(matrix(0, column) == wa + wb + wa);
    CHECK(matrix.column(column)[0] == wa + wb + wa);
  }
  try {
    session.bag({}, {});
    CHECK(!"an empty list is refused");
  } catch (const edbc::Error &error) {
    CHECK(std::string(error.what()).find("parts") != std::string::npos);
  }
  return failures;
}
)",
              "bags");
}

TEST_F(EmitTest, descriptionTellsMatricesAndLists) {
  ASSERT_TRUE(emit(bagNetwork(), "out"));
  buildAndRun("out", R"(
#include "bags.h"
#include <cstdio>
#include <cstring>
static int failures;
#define CHECK(condition)                                                       \
  if (!(condition)) {                                                          \
    std::printf("%s\n", #condition);                                           \
    ++failures;                                                                \
  }
static bool is(const edbc_binding &binding, edbc_binding_kind kind,
               unsigned index) {
  return binding.kind == kind && binding.index == index;
}
int main() {
  const edbc_library &l = edbc_library_bags;
  CHECK(l.params[0].rank == 3 && l.params[0].matrices == 4);
  CHECK(l.params[0].rows == 3 && l.params[0].columns == 2);
  CHECK(l.params[1].rank == 2 && l.params[1].matrices == 1);
  CHECK(l.states[0].fields[0].width == 3 && l.states[0].fields[0].columns == 2);

  CHECK(l.num_constants == 3);
  CHECK(l.constants[0].kind == EDBC_CONSTANT_PADDED);
  CHECK(l.constants[0].param == 1);
  CHECK(l.constants[1].kind == EDBC_CONSTANT_COLUMNS);
  CHECK(l.constants[1].param == 0);
  CHECK(l.constants[2].kind == EDBC_CONSTANT_COLUMNS);
  CHECK(l.constants[2].param == 1);

  const edbc_cell_desc &word = l.cells[0], &bag = l.cells[1];
  CHECK(is(word.bindings[4], EDBC_BINDING_CONSTANT, 1));
  CHECK(is(word.bindings[5], EDBC_BINDING_CONSTANT, 2));
  CHECK(is(word.bindings[6], EDBC_BINDING_CONSTANT, 0));
  CHECK(word.operands[0].element_workspace_stride == 0);
  CHECK(word.phases[0].columns == 2 && word.phases[0].operand == EDBC_NODES);

  CHECK(bag.num_operands == 2 && bag.workspace_stride == 0);
  CHECK(!std::strcmp(bag.operands[0].name, "parts"));
  CHECK(bag.operands[0].kind == EDBC_OPERAND_STATES);
  CHECK(bag.operands[0].index == 0 && bag.operands[0].bound == 1);
  CHECK(bag.operands[0].element_workspace_stride == 32);
  CHECK(bag.operands[1].kind == EDBC_OPERAND_STATES);
  CHECK(bag.operands[1].bound == 0);
  CHECK(bag.operands[1].element_workspace_stride == 0);
  CHECK(is(bag.bindings[1], EDBC_BINDING_ELEMENT_ROWS, 0));
  CHECK(is(bag.bindings[3], EDBC_BINDING_ELEMENT_BEGINS, 0));
  CHECK(is(bag.bindings[5], EDBC_BINDING_ELEMENT_WORKSPACE, 0));
  CHECK(is(bag.bindings[6], EDBC_BINDING_ELEMENT_OWNERS, 1));
  CHECK(bag.phases[0].columns == 2 && bag.phases[0].operand == 0);
  CHECK(bag.phases[1].columns == 2 && bag.phases[1].operand == EDBC_NODES);
  return failures;
}
)",
              "bags");
}

TEST_F(EmitTest, policyIsOptional) {
  std::string text = tinyNetwork();
  size_t begin = text.find("  batch.policy");
  ASSERT_NE(begin, std::string::npos);
  text.erase(begin, text.find("  module attributes", begin) - begin);
  ASSERT_TRUE(emit(text, "out"));
  buildAndRun("out", R"(
#include "tiny.h"
int main() {
  const edbc_policy_desc &policy = edbc_library_tiny.policy;
  return policy.kind != EDBC_POLICY_LEMMA || policy.log2_slots != 0 ||
         policy.slots[0].key != 0;
}
)");
}

/// JSON without spaces, keys sorted.
std::string print(const llvm::json::Value &value) {
  return llvm::formatv("{0}", value);
}

/// The object in a file.
llvm::json::Object parseJson(const std::string &path) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(readFile(path));
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    return {};
  }
  return std::move(*value->getAsObject());
}

TEST_F(EmitTest, manifestSaysWhatTheModuleSays) {
  ASSERT_TRUE(emit(tinyNetwork(), "out"));
  llvm::json::Object root = parseJson(pathOf("out/tiny.json"));
  EXPECT_EQ(print(*root.get("network")), R"("tiny")");
  EXPECT_EQ(root.getObject("versions")->getInteger("abi"), EDBC_ABI_VERSION);
  EXPECT_EQ(print(*root.get("dims")), R"({"hidden":5,"words":4})");
  EXPECT_EQ(print((*root.getArray("parameters"))[1]),
            R"({"embedded":false,"name":"W","shape":[5,10]})");
  EXPECT_EQ(print((*root.getArray("states"))[1]),
            R"({"fields":[{"columns":1,"name":"x","offset":16,"width":5},)"
            R"({"columns":1,"name":"y","offset":0,"width":5}],)"
            R"("name":"Score","stride":32})");
  EXPECT_EQ(print(*root.get("outputs")),
            R"([{"field":"h","name":"hidden","state":"Node"},)"
            R"({"field":"y","name":"scaled","state":"Score"}])");
  EXPECT_EQ(print((*root.getArray("cells"))[1]),
            R"({"flops_per_node":100,"name":"join","operands":[)"
            R"({"kind":"state","name":"left","state":"Node"},)"
            R"({"kind":"state","name":"right","state":"Node"}],)"
            R"("phases":[{"ahead":false,"columns":1,)"
            R"("copied_floats_per_row":0,)"
            R"("flops_per_row":100,"panel":16,)"
            R"("panels":1,"weights":"join_0","width":5}],"result":"Node"})");
  EXPECT_EQ(print(*root.get("policy")),
            R"({"encoding":"sort","kind":"fsm","transitions":[)"
            R"({"action":"leaf","frontier":["leaf"]},)"
            R"({"action":"join","frontier":["scale","join"]}]})");
  EXPECT_EQ(
      print(*root.get("layout")),
      R"({"columns":[],)"
      R"("packs":[{"name":"join_0","panel":16,"rows":5,"segments":[)"
      R"({"depth":5,"terms":[{"column":0,"parameter":"W"}]},)"
      R"({"depth":5,"terms":[{"column":5,"parameter":"W"}]}]}],)"
      R"("padded":["E","b"],)"
      R"("tables":[],"workspaces":[{"cell":"scale","offsets":[0],"stride":16}]})");
  EXPECT_EQ(print(*root.getObject("targets")->get("x86-64-v4")),
            R"(["edbc.tiny.leaf.0.v4","edbc.tiny.join.0.v4",)"
            R"("edbc.tiny.scale.0.v4","edbc.tiny.scale.1.v4"])");
}

TEST_F(EmitTest, manifestTellsOfDeviceKernels) {
  ASSERT_TRUE(emit(tinyNetwork(), "out", "", someImages));
  llvm::json::Object root = parseJson(pathOf("out/tiny.json"));
  const llvm::json::Object &cuda = *root.getObject("cuda");
  EXPECT_EQ(print(*cuda.get("images")),
            R"([{"architecture":"sm_90","bytes":13,"kind":"cubin"},)"
            R"({"architecture":"sm_80","bytes":14,"kind":"ptx"}])");
  EXPECT_EQ(print(*cuda.get("precision")), R"("tf32")");
  EXPECT_EQ(print(*cuda.get("functions")), "4");
}

TEST_F(EmitTest, manifestTellsMatricesAndLists) {
  // A product between states, for each element.
  std::string text =
      replaceAll(bagNetwork(), "  batch.state",
                 "  batch.param @V : tensor<2x2xf32>\n  batch.state");
  text = replaceAll(
      text, "batch.yield %m :",
      "%v = batch.broadcast @V : tensor<?x2x2xf32, #batch.each<0>>\n"
      "%p = batch.multiply %m, %v : tensor<?x3x2xf32, #batch.each<0>>, "
      "tensor<?x2x2xf32, #batch.each<0>> -> tensor<?x3x2xf32, #batch.each<0>>\n"
      "batch.yield %p :");
  ASSERT_TRUE(emit(text, "out"));
  llvm::json::Object root = parseJson(pathOf("out/bags.json"));
  EXPECT_EQ(print((*root.getArray("parameters"))[0]),
            R"({"embedded":false,"name":"T","shape":[4,3,2]})");
  EXPECT_EQ(print(*root.get("states")),
            R"([{"fields":[{"columns":2,"name":"M","offset":0,"width":3}],)"
            R"("name":"Node","stride":32}])");
  EXPECT_EQ(print((*root.getArray("cells"))[1]),
            R"({"flops_per_node":0,"name":"bag","operands":[)"
            R"({"flops_per_element":24,"kind":"states","least":1,)"
            R"("name":"parts","state":"Node"},)"
            R"({"flops_per_element":0,"kind":"states","least":0,)"
            R"("name":"others","state":"Node"}],"phases":[)"
            R"({"ahead":false,"columns":2,"copied_floats_per_row":0,)"
            R"("flops_per_row":12,)"
            R"("over":"parts","panels":1,)"
            R"("width":3},)"
            R"({"ahead":false,"columns":2,"copied_floats_per_row":0,)"
            R"("flops_per_row":0,)"
            R"("panels":1,"width":3}],)"
            R"("result":"Node"})");
  EXPECT_EQ(print(*root.get("layout")),
            R"({"columns":["T","W"],"packs":[],"padded":["W"],)"
            R"("tables":[],"workspaces":[{"cell":"bag","offsets":[0],)"
            R"("operand":"parts","stride":32}]})");
}

TEST_F(EmitTest, unwritableFolderIsAnError) {
  ASSERT_EQ(llvm::toString(writeFiles(pathOf(""), {{"file", ""}})), "");
  EXPECT_FALSE(emit(tinyNetwork(), "file/out"));
  EXPECT_THAT(fileErrors, ElementsAre("can't write '" + pathOf("file") +
                                      "': Not a directory"));
}

TEST_F(EmitTest, missingWeightsAreAnErrorAndNothingIsWritten) {
  EXPECT_FALSE(emit(tinyNetwork(), "out", pathOf("none")));
  ASSERT_EQ(fileErrors.size(), 1u);
  EXPECT_THAT(fileErrors[0], HasSubstr(pathOf("none")));
  EXPECT_FALSE(llvm::sys::fs::exists(pathOf("out")));
}

//===----------------------------------------------------------------------===//
// Modules that aren't ready
//===----------------------------------------------------------------------===//

struct Unready {
  const char *name;
  const char *from;
  const char *to;
  const char *diagnostic;
  std::string (*network)() = tinyNetwork;
};

void PrintTo(const Unready &given, std::ostream *os) { *os << given.name; }

class UnreadyTest : public EmitTest,
                    public ::testing::WithParamInterface<Unready> {};

TEST_P(UnreadyTest, isReportedAndNothingIsWritten) {
  const Unready &given = GetParam();
  EXPECT_FALSE(emit(replaceAll(given.network(), given.from, given.to), "out"));
  EXPECT_THAT(takeDiagnostics(), ElementsAre(given.diagnostic));
  EXPECT_FALSE(llvm::sys::fs::exists(pathOf("out")));
}

TEST_F(EmitTest, kernelWithoutPhasesIsAnError) {
  EXPECT_FALSE(emit(R"(module @n {
    batch.param @E : tensor<4x5xf32>
    batch.state @Node {h : 5} layout <offsets = [0], stride = 16>
    batch.kernel @leaf(%word: !batch.tokens<4>) -> @Node {
      %x = batch.lookup @E[%word] : !batch.tokens<4> -> tensor<?x5xf32>
      batch.scatter %x to "h" : tensor<?x5xf32>
    }
  })",
                    "out"));
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("batch.kernel @leaf: 'batch.kernel' op has no "
                          "phases; they were not formed"));
}

TEST_F(EmitTest, kernelWithTooManyOperandsIsAnError) {
  std::string operands = "%x0: !batch.tokens<4>";
  for (unsigned i = 1; i <= 64; ++i)
    operands += ", %x" + std::to_string(i) + ": !batch.tokens<4>";
  EXPECT_FALSE(emit(
      replaceAll(replaceAll(tinyNetwork(), "%word: !batch.tokens<4>", operands),
                 "%word", "%x0"),
      "out"));
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("batch.kernel @leaf: 'batch.kernel' op has 65 "
                          "operands; a library has room for 64"));
}

TEST_F(EmitTest, rowsThatNoKernelGivesAreAnError) {
  EXPECT_FALSE(
      emit("module @n {\n"
           "  batch.state @S {h : 16} {table_rows = 2 : i64}\n"
           "  batch.kernel @zero() -> @S\n"
           "      attributes {bindings = [], first_row = 1 : i64} {}\n"
           "  batch.kernel @zero.result() -> @S\n"
           "      attributes {first_row = 0 : i64, table = 1 : i64} {\n"
           "    %z = batch.splat 0.0 : tensor<?x16xf32>\n"
           "    batch.scatter %z to \"h\" : tensor<?x16xf32>\n"
           "  }\n"
           "}",
           "out"));
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("batch.kernel @zero: 'batch.kernel' op is looked up, "
                          "but no kernel gives its rows"));
}

TEST_F(EmitTest, tablesOfTheSameStateAreAnError) {
  std::string table = "(%t: !batch.tokens<4>) -> @S attributes {table = 4} {\n"
                      "    %z = batch.splat 0.0 : tensor<?x16xf32>\n"
                      "    batch.scatter %z to \"h\" : tensor<?x16xf32>\n"
                      "  }\n";
  EXPECT_FALSE(emit("module @n {\n  batch.state @S {h : 16}\n"
                    "  batch.kernel @a" +
                        table + "  batch.kernel @b" + table + "}",
                    "out"));
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre("batch.kernel @b: 'batch.kernel' op is a second table "
                  "with the same state"));
}

TEST_F(EmitTest, twoTablesForOneTokenAreAnError) {
  auto table = [](const std::string &name) {
    return "  batch.state @" + name + ".values {v : 16}\n  batch.kernel @" +
           name + "(%t: !batch.tokens<4>) -> @" + name +
           ".values attributes {table = 4} {\n"
           "    %z = batch.splat 0.0 : tensor<?x16xf32>\n"
           "    batch.scatter %z to \"v\" : tensor<?x16xf32>\n  }\n";
  };
  auto recall = [](const std::string &name) {
    return "    %" + name + " = batch.recall @" + name +
           ".values[\"v\"][%t] : !batch.tokens<4> -> tensor<?x16xf32>\n";
  };
  EXPECT_FALSE(emit("module @n {\n  batch.state @S {h : 16}\n"
                    "  batch.kernel @cell(%t: !batch.tokens<4>) -> @S {\n" +
                        recall("a") + recall("b") +
                        "    %s = arith.addf %a, %b : tensor<?x16xf32>\n"
                        "    batch.scatter %s to \"h\" : tensor<?x16xf32>\n"
                        "  }\n" +
                        table("a") + table("b") + "}",
                    "out"));
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("batch.kernel @cell: 'batch.kernel' op looks up two "
                          "tables with operand 't', 'a.values' and "
                          "'b.values'"));
}

TEST_F(EmitTest, networkWithoutFunctionsIsAnError) {
  EXPECT_FALSE(emit("module @n {}", "out"));
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("module @n: 'builtin.module' op has no generated "
                          "functions"));
}

const Unready unready[] = {
    {"unnamedNetwork", "module @tiny", "module",
     "module attributes: 'builtin.module' op of a network must have a name"},
    {"tooLargeParam", "@b : tensor<5xf32>", "@b : tensor<5000000000xf32>",
     "batch.param @b: 'batch.param' op has no room in a library: number of "
     "columns is 5000000000"},
    {"tooManyMatrices", "@b : tensor<5xf32>", "@b : tensor<5000000000x1x5xf32>",
     "batch.param @b: 'batch.param' op has no room in a library: number of "
     "matrices is 5000000000"},
    {"tooLongLists", "@Node, 1>", "@Node, 5000000000>",
     "batch.kernel @bag: 'batch.kernel' op has no room in a library: least "
     "number of an operand's elements is 5000000000",
     bagNetwork},
    {"tooMuchKeptForElements", "offsets = [0], stride = 32>,",
     "offsets = [0], stride = 6400000000>,",
     "batch.kernel @bag: 'batch.kernel' op has no room in a library: stride "
     "of an operand's workspace is 6400000000",
     bagNetwork},
    {"tooLargePanel", "panel 16", "panel 6400000000",
     "batch.pack @join_0: 'batch.pack' op has no room in a library: panel is "
     "6400000000"},
    {"stateWithoutLayout", "layout <offsets = [0], stride = 16>", "",
     "batch.state @Node: 'batch.state' op has no layout; its memory was not "
     "planned"},
    {"twoPolicies", "  batch.policy",
     "  batch.policy @other encoding <max> []\n"
     "  batch.policy",
     "batch.policy @policy: 'batch.policy' op is the second policy of the "
     "network"},
    {"kernelWithoutBindings", "bindings = ", "unplanned = ",
     "batch.kernel @leaf: 'batch.kernel' op has no bindings; its memory was "
     "not planned"},
    {"targetWithoutInstructionSet", "{batch.isa = \"x86-64-v4\"}", "{}",
     "module attributes: 'builtin.module' op in a network must have an "
     "attribute 'batch.isa' that names an instruction set"},
    {"twoTargetsOfOneInstructionSet", "batch.isa = \"x86-64-v4\"",
     "batch.isa = \"x86-64-v3\"",
     "module attributes: 'builtin.module' op is the second one for x86-64-v3"},
    {"keywordAsCell", "@scale", "@goto",
     "batch.kernel @goto: cell 'goto' can't have this name in C++: it is a "
     "keyword"},
};

INSTANTIATE_TEST_SUITE_P(, UnreadyTest, ::testing::ValuesIn(unready),
                         [](const ::testing::TestParamInfo<Unready> &info) {
                           return std::string(info.param.name);
                         });

} // namespace
