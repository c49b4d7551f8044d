//===- HeaderTest.cpp - tests of generated headers --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Header.h"

#include "test/unit/emit/TinyNetwork.h"

#include "gmock/gmock.h"

using namespace edbc;
using namespace edbc::test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

class HeaderTest : public EmitFixture {
protected:
  /// The header of a network, empty if there is none.
  std::string declare(const std::string &text, bool weightsEmbedded = false) {
    mlir::OwningOpRef<mlir::ModuleOp> module = parse(text);
    mlir::FailureOr<Network> network = Network::read(*module);
    if (failed(network))
      return "";
    mlir::FailureOr<std::string> header =
        declareApi(*network, weightsEmbedded, /*device=*/nullptr);
    return failed(header) ? "" : *header;
  }
};

TEST_F(HeaderTest, hasTypedFunctions) {
  std::string header = declare(tinyNetwork());
  EXPECT_THAT(header, HasSubstr("extern \"C\" const edbc_library "
                                "edbc_library_tiny;"));
  EXPECT_THAT(header, HasSubstr("static constexpr std::int64_t words = 4;"));
  EXPECT_THAT(header, HasSubstr(R"(
  /// Looks a word up.
  /// A line that ends in
  /// @param word below 4.
  Node leaf(std::uint32_t word) {
)"));
  EXPECT_THAT(header, HasSubstr(R"(
  Node join(Node left, Node right) {
    return edbc::Session::add<Node>(1, {
        edbc::stateArgument(left),
        edbc::stateArgument(right)});
  }
)"));
  EXPECT_THAT(
      header,
      HasSubstr("Score scale(Node node, edbc::Span<const float> by) {"));
  EXPECT_THAT(header,
              HasSubstr("edbc::Span<const float> scaled(Score node) const {"));
  EXPECT_THAT(header, Not(HasSubstr("explicit Model(edbc::Device")));
}

TEST_F(HeaderTest, tellsMatricesAndLists) {
  std::string header = declare(bagNetwork());
  EXPECT_THAT(header, HasSubstr(R"(
/// A node with fields M (3 by 2).
struct Node : edbc::Value {};
)"));
  EXPECT_THAT(header, HasSubstr(R"(
  /// @param parts at least 1 node.
  /// @param others any number of nodes.
  Node bag(edbc::Span<const Node> parts, edbc::Span<const Node> others) {
    return edbc::Session::add<Node>(1, {
        edbc::statesArgument(parts),
        edbc::statesArgument(others)});
  }
)"));
  EXPECT_THAT(header, HasSubstr(R"(
  /// Field M (3 by 2) of an executed node; valid until the next run,
  /// reset or destruction, or until its instance is dropped.
  edbc::MatrixView matrix(Node node) const {
    return edbc::Session::readMatrix(0, node);
  }
  /// The same where it is, in the memory of the model's device.
  edbc::DeviceView matrix(Node node, edbc::OnDevice) const {
    return edbc::Session::readDevice(0, node);
  }
)"));
}

TEST_F(HeaderTest, embeddedWeightsGiveADefaultConstructor) {
  EXPECT_THAT(declare(tinyNetwork(), /*weightsEmbedded=*/true),
              HasSubstr("explicit Model(edbc::Device device = "
                        "edbc::Device::cpu())\n"
                        "      : edbc::Model(edbc_library_tiny, device) {}"));
}

TEST_F(HeaderTest, keywordIsAnError) {
  EXPECT_EQ(declare(replaceAll(tinyNetwork(), "words", "double")), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre(
          "module @tiny: dimension 'double' can't have this name in C++: "
          "it is a keyword"));
}

TEST_F(HeaderTest, unusableSymbolIsAnError) {
  EXPECT_EQ(declare(replaceAll(tinyNetwork(), "@hidden", "@\"2 words\"")), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre(
          "batch.output @\"2: output '2 words' can't have this name in C++: "
          "it is no identifier"));
}

TEST_F(HeaderTest, everyClashIsReportedAtItsOperation) {
  std::string text = tinyNetwork();
  text = replaceAll(text, "@hidden of", "@run of");
  text = replaceAll(text, "%left", "%Node");
  text = replaceAll(text, "@Score", "@Session");
  text = replaceAll(text, "@join(", "@_join(");
  text = replaceAll(text, "@join]", "@_join]");
  text = replaceAll(text, "@join>", "@_join>");
  text = replaceAll(text, "words =", "Model =");
  text = replaceAll(text, "tiny.join.0", "tiny._join.0");
  EXPECT_EQ(declare(text), "");
  std::string place = " can't have this name in C++: it ";
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre("batch.state @Session: state 'Session'" + place +
                      "clashes with another name of the generated header",
                  "module @tiny: dimension 'Model'" + place +
                      "clashes with a member of class Model",
                  "batch.kernel @_join: cell '_join'" + place + "is reserved",
                  "batch.kernel @_join: operand 'Node'" + place +
                      "clashes with a type of the generated header",
                  "batch.output @run: output 'run'" + place +
                      "clashes with a member of class Session"));
}

TEST_F(HeaderTest, membersOfTheBaseClassesAreTaken) {
  std::string text = replaceAll(tinyNetwork(), "words", "library");
  text = replaceAll(text, "@scaled", "@resumeInstance");
  EXPECT_EQ(declare(replaceAll(text, "@hidden", "@dropInstance")), "");
  std::string place = " can't have this name in C++: it clashes with a member ";
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("module @tiny: dimension 'library'" + place +
                              "of class Model",
                          "batch.output @dropInstance: output 'dropInstance'" +
                              place + "of class Session",
                          "batch.output @resumeInstance: output "
                          "'resumeInstance'" +
                              place + "of class Session"));
}

TEST_F(HeaderTest, stateHiddenByAMemberIsAnError) {
  EXPECT_EQ(declare(replaceAll(tinyNetwork(), "@Score", "@read")), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre(
          "batch.state @read: state 'read' can't have this name in C++: "
          "it clashes with another name of the generated header"));
}

TEST_F(HeaderTest, networkNamedLikeAFunctionOrTypeIsAnError) {
  for (std::string name : {"free", "exp", "select", "size_t"}) {
    std::string text = replaceAll(tinyNetwork(), "@tiny", "@" + name);
    EXPECT_EQ(declare(replaceAll(text, "edbc.tiny.", "edbc." + name + ".")),
              "");
    EXPECT_THAT(takeDiagnostics(),
                ElementsAre("module @" + name + ": network '" + name +
                            "' can't have this name in C++: the C library has "
                            "it"));
  }
}

TEST_F(HeaderTest, networkNamedLikeANamespaceIsAnError) {
  std::string text = replaceAll(tinyNetwork(), "@tiny", "@std");
  EXPECT_EQ(declare(replaceAll(text, "edbc.tiny.", "edbc.std.")), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre("module @std: network 'std' can't have this name in C++: it "
                  "clashes with a name that every program has"));
}

TEST_F(HeaderTest, networkNamedLikeASystemHeaderIsAnError) {
  std::string text = replaceAll(tinyNetwork(), "@tiny", "@time");
  EXPECT_EQ(declare(replaceAll(text, "edbc.tiny.", "edbc.time.")), "");
  EXPECT_THAT(
      takeDiagnostics(),
      ElementsAre("module @time: network 'time' can't have this name in C++: "
                  "it clashes with a name that every program has"));
}

TEST_F(HeaderTest, prefixOfTheAbiIsReserved) {
  EXPECT_EQ(declare(replaceAll(tinyNetwork(), "words", "EDBC_LANES")), "");
  EXPECT_THAT(takeDiagnostics(),
              ElementsAre("module @tiny: dimension 'EDBC_LANES' can't have "
                          "this name in C++: it is reserved"));
}

} // namespace
