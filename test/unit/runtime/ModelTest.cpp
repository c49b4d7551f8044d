//===- ModelTest.cpp - tests of models --------------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/SessionTest.h"

#include <cstdlib>

using namespace test_network;

namespace {

/// Sets EDBC_ISA for the time of a test.
class ForcedIsa {
public:
  explicit ForcedIsa(const char *isa) { setenv("EDBC_ISA", isa, 1); }
  ~ForcedIsa() { unsetenv("EDBC_ISA"); }
};

} // namespace

TEST(ModelTest, RefusesOtherVersions) {
  edbc_library library = edbc_library_test_network;
  library.abi_version = EDBC_ABI_VERSION + 1;
  std::string size = std::to_string(sizeof(edbc_library));
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "the network was compiled for ABI version " +
                std::to_string(EDBC_ABI_VERSION + 1) + " (description of " +
                size + " bytes), but the runtime has version " +
                std::to_string(EDBC_ABI_VERSION) + " (" + size + " bytes)");
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
  library = edbc_library_test_network;
  library.struct_size = 88;
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_INCOMPATIBLE);
}

TEST(ModelTest, NeedsWeights) {
  edbc_library library = edbc_library_test_network;
  std::vector<edbc_param_desc> params(library.params,
                                      library.params + library.num_params);
  params[3].data = nullptr;
  library.params = params.data();
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "network 'test_network' needs a weights file: parameter 'Q' was "
            "not embedded when it was compiled");
}

TEST(ModelTest, ForcesInstructionSets) {
  {
    ForcedIsa forced("x86-64-v3");
    EXPECT_STREQ(Model().isa(), "x86-64-v3");
  }
  {
    ForcedIsa forced("x86-64");
    EXPECT_STREQ(Model().isa(), "x86-64");
  }
  {
    ForcedIsa forced("sse9");
    EXPECT_EQ(messageOf([] { Model(); }),
              "EDBC_ISA names an unknown instruction set 'sse9'; known are "
              "x86-64, x86-64-v3, x86-64-v4");
  }
  ForcedIsa forced("");
  EXPECT_NE(std::string(Model().isa()).find("x86-64"), std::string::npos);
}

TEST(ModelTest, UsesWhatTheLibraryHas) {
  edbc_library library = edbc_library_test_network;
  std::vector<edbc_cell_desc> cells(
      library.cells, library.cells + library.num_cells + library.num_tables);
  edbc_phase_desc phase = cells[1].phases[0];
  cells[1].phases = &phase;
  library.cells = cells.data();

  phase.functions[EDBC_ISA_X86_64_V4] = nullptr;
  EXPECT_STREQ(edbc::Model(library).isa(), "x86-64-v3");
  {
    ForcedIsa forced("x86-64-v4");
    std::string message = messageOf([&] { edbc::Model model(library); });
    EXPECT_EQ(message.find("EDBC_ISA asks for x86-64-v4, "), 0u) << message;
  }
  phase.functions[EDBC_ISA_X86_64_V3] = nullptr;
  EXPECT_STREQ(edbc::Model(library).isa(), "x86-64");
  phase.functions[EDBC_ISA_X86_64] = nullptr;
  EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
            "network 'test_network' was compiled for no instruction set that "
            "this machine has (of x86-64, x86-64-v3, x86-64-v4)");
  EXPECT_EQ(statusOf([&] { edbc::Model model(library); }), EDBC_UNSUPPORTED);
  {
    ForcedIsa forced("x86-64-v3");
    EXPECT_EQ(messageOf([&] { edbc::Model model(library); }),
              "EDBC_ISA asks for x86-64-v3, for which network 'test_network' "
              "was not compiled");
  }
}
