//===- PlanReaderTest.cpp - tests of the reader of plans --------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "examples/plans/PlanReader.h"

#include "test/examples/ReaderErrors.h"

#include <cmath>
#include <cstddef>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"

using namespace plans;
using reader_errors::BadText;

namespace {

std::vector<Plan> read(const std::string &text) {
  std::istringstream input(text);
  return readPlans(input, "file.txt");
}

std::string errorOf(const std::string &text) {
  return reader_errors::errorOf([&] { read(text); });
}

/// An operator, with more keys or inputs behind.
std::string op(const std::string &type, const std::string &more = "") {
  return "{\"Node Type\": \"" + type +
         "\", \"Startup Cost\": 1, \"Total Cost\": 10.5, \"Plan Rows\": 100, "
         "\"Plan Width\": 8" +
         more + "}";
}

std::string inputs(const std::string &operators) {
  return ", \"Plans\": [" + operators + "]";
}

/// The text of one query.
std::string query(const std::string &type, const std::string &more = "") {
  return "[{\"Plan\": " + op(type, ", \"Actual Total Time\": 2.5" + more) +
         "}]";
}

TEST(PlanReader, PutsInputsBeforeTheirUsers) {
  std::vector<Plan> plans = read(query(
      "Aggregate",
      inputs(op("Hash Join", inputs(op("Seq Scan") + "," +
                                    op("Hash", inputs(op("Index Scan"))))))));
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].milliseconds, 2.5);
  const std::vector<Operator> &operators = plans[0].operators;
  ASSERT_EQ(operators.size(), 5u);
  const OperatorType types[] = {OperatorType::SeqScan, OperatorType::IndexScan,
                                OperatorType::Hash, OperatorType::HashJoin,
                                OperatorType::Aggregate};
  for (std::size_t i = 0; i != operators.size(); ++i)
    EXPECT_EQ(operators[i].type, types[i]) << i;
  EXPECT_EQ(operators[3].inputs, std::vector<std::uint32_t>({0, 2}));
  EXPECT_EQ(operators[4].inputs, std::vector<std::uint32_t>({3}));
  EXPECT_TRUE(operators[0].inputs.empty());
}

TEST(PlanReader, ReadsEveryType) {
  struct {
    const char *name;
    OperatorType type;
    unsigned numInputs;
  } const types[] = {
      {"Seq Scan", OperatorType::SeqScan, 0},
      {"Index Scan", OperatorType::IndexScan, 0},
      {"Index Only Scan", OperatorType::IndexOnlyScan, 0},
      {"Bitmap Index Scan", OperatorType::BitmapIndexScan, 0},
      {"Aggregate", OperatorType::Aggregate, 1},
      {"Gather", OperatorType::Gather, 1},
      {"Gather Merge", OperatorType::GatherMerge, 1},
      {"Sort", OperatorType::Sort, 1},
      {"Hash", OperatorType::Hash, 1},
      {"Memoize", OperatorType::Memoize, 1},
      {"Materialize", OperatorType::Materialize, 1},
      {"Bitmap Heap Scan", OperatorType::BitmapHeapScan, 1},
      {"Nested Loop", OperatorType::NestedLoop, 2},
      {"Hash Join", OperatorType::HashJoin, 2},
      {"Merge Join", OperatorType::MergeJoin, 2},
  };
  for (const auto &type : types) {
    std::string given;
    for (unsigned i = 0; i != type.numInputs; ++i)
      given += (i == 0 ? "" : ",") + op("Seq Scan");
    std::vector<Plan> plans = read(query(type.name, inputs(given)));
    EXPECT_EQ(plans[0].operators.back().type, type.type) << type.name;
    EXPECT_EQ(plans[0].operators.size(), 1 + type.numInputs) << type.name;
  }
}

TEST(PlanReader, MakesFeaturesOfWhatIsPlanned) {
  std::vector<Plan> plans = read(
      query("Gather", ", \"Workers Planned\": 2, \"Plans\": [" +
                          op("Seq Scan",
                             ", \"Parallel Aware\": true, \"Actual Rows\": 7") +
                          "]"));
  const std::vector<Operator> &operators = plans[0].operators;
  ASSERT_EQ(operators.size(), 2u);
  auto logOf = [](double x) { return static_cast<float>(std::log(1 + x)); };
  const float scan[16] = {logOf(1), logOf(10.5), logOf(10.5), logOf(100),
                          0,        logOf(8),    0,           1};
  const float gather[16] = {logOf(1),   logOf(10.5), 0,       logOf(100),
                            logOf(100), logOf(8),    logOf(2)};
  for (unsigned i = 0; i != 16; ++i) {
    EXPECT_FLOAT_EQ(operators[0].features[i], scan[i]) << i;
    EXPECT_FLOAT_EQ(operators[1].features[i], gather[i]) << i;
  }
}

TEST(PlanReader, MakesFlagsOfWords) {
  struct {
    const char *key, *value;
    unsigned feature;
  } const words[] = {
      {"Parent Relationship", "Inner", 8}, {"Join Type", "Inner", 9},
      {"Join Type", "Left", 10},           {"Join Type", "Semi", 11},
      {"Partial Mode", "Partial", 12},     {"Partial Mode", "Finalize", 13},
      {"Strategy", "Sorted", 14},          {"Strategy", "Hashed", 15},
  };
  for (const auto &word : words) {
    std::vector<Plan> plans =
        read(query("Seq Scan", std::string(", \"") + word.key + "\": \"" +
                                   word.value + "\""));
    for (unsigned i = 7; i != 16; ++i)
      EXPECT_EQ(plans[0].operators[0].features[i], i == word.feature ? 1 : 0)
          << word.key << ' ' << word.value << ", feature " << i;
  }
}

TEST(PlanReader, ReadsSeveralQueries) {
  std::string one =
      "{\"Plan\": " + op("Seq Scan", ", \"Actual Total Time\": 1") +
      ", \"Execution Time\": 2}";
  EXPECT_EQ(read("[" + one + ",\n" + one + "]").size(), 2u);
}

TEST(PlanReader, ReportsPlansThatAreNestedTooDeep) {
  auto nested = [](std::size_t depth) {
    std::string text = op("Seq Scan");
    for (std::size_t i = 2; i < depth; ++i)
      text = op("Sort", inputs(text));
    return query("Sort", inputs(text));
  };
  EXPECT_EQ(read(nested(deepest))[0].operators.size(), deepest);
  EXPECT_EQ(errorOf(nested(deepest + 1)),
            "file.txt:1: operators are nested more than 1000 deep");
  EXPECT_EQ(
      errorOf(std::string(1000000, '[')),
      "file.txt:1: no JSON: unexpected end of input; expected '[', '{', or "
      "a literal");
}

TEST(PlanReader, ReadsTheFileThatShips) {
  std::ifstream file(EDBC_PLANS_FILE);
  EXPECT_GE(readPlans(file, EDBC_PLANS_FILE).size(), 8u);
}

TEST(PlanReader, ReportsAStreamThatFails) {
  reader_errors::expectErrorOfBrokenStream(readPlans);
}

class PlanReaderErrors : public testing::TestWithParam<BadText> {};

TEST_P(PlanReaderErrors, AreReportedWithTheirPlace) {
  EXPECT_EQ(errorOf(GetParam().text), GetParam().message);
}

const BadText badTexts[] = {
    {"Empty", "",
     "file.txt:1: no JSON: unexpected end of input; expected '[', '{', or "
     "a literal"},
    {"Truncated", "[{\"Plan\":\n {\"Node Type\": \"Seq",
     "file.txt:2: no JSON: invalid string: missing closing quote"},
    {"NoJson", "[\n\n} ",
     "file.txt:3: no JSON: unexpected '}'; expected '[', '{', or a literal"},
    {"NotUtf8", "[\"\xff\"]",
     "file.txt:1: no JSON: invalid string: ill-formed UTF-8 byte"},
    {"NumberOutOfRange", "[\n1e999]", "file.txt:2: no JSON: number overflow"},
    {"NoArray", "{}", "file.txt: holds no array of queries"},
    {"NoQueries", "[]", "file.txt: holds no array of queries"},
    {"NoObject", "[1]", "file.txt: an element of the array is no object"},
    {"NoPlan", "[\n{}]", "file.txt:2: expected an object as \"Plan\""},
    {"PlanIsText", "[\n{\"Plan\": \"\"}]",
     "file.txt:2: expected an object as \"Plan\""},
    {"NoType", "[{\"Plan\":\n{}}]", "file.txt:2: unknown \"Node Type\" ''"},
    {"TypeIsNumber", "[{\"Plan\":\n{\"Node Type\": 1}}]",
     "file.txt:2: expected a text as \"Node Type\""},
    {"UnknownType", "[{\"Plan\":\n{\"Node Type\": \"Seq Scam\"}}]",
     "file.txt:2: unknown \"Node Type\" 'Seq Scam'"},
    {"NoInput", "[{\"Plan\":\n{\"Node Type\": \"Sort\"}}]",
     "file.txt:2: Sort with 0 inputs, expected 1"},
    {"InputsNoArray", "[{\"Plan\":\n{\"Node Type\": \"Sort\", \"Plans\": 1}}]",
     "file.txt:2: \"Plans\" is no array"},
    {"InputNoObject",
     "[{\"Plan\":\n{\"Node Type\": \"Sort\", \"Plans\": [1]}}]",
     "file.txt:2: an element of \"Plans\" is no object"},
    {"InputTooMany",
     "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\", \"Plans\": [{\n}]}}]",
     "file.txt:2: Seq Scan with 1 inputs, expected 0"},
    {"InputWithoutCost",
     "[{\"Plan\":\n{\"Node Type\": \"Sort\", \"Plans\": [\n{}]}}]",
     "file.txt:3: expected a number from 0 as \"Total Cost\""},
    {"NoCost", "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\"}}]",
     "file.txt:2: expected a number from 0 as \"Total Cost\""},
    {"CostIsText",
     "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\", \"Total Cost\": \"1\"}}]",
     "file.txt:2: expected a number from 0 as \"Total Cost\""},
    {"CostIsNegative",
     "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\", \"Total Cost\": -1}}]",
     "file.txt:2: expected a number from 0 as \"Total Cost\""},
    {"FlagIsText",
     "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\", \"Startup Cost\": 1, "
     "\"Total Cost\": 1, \"Plan Rows\": 1, \"Plan Width\": 1, "
     "\"Parallel Aware\": \"true\"}}]",
     "file.txt:2: expected true or false as \"Parallel Aware\""},
    {"NoTime",
     "[{\"Plan\":\n{\"Node Type\": \"Seq Scan\", \"Startup Cost\": 1, "
     "\"Total Cost\": 1, \"Plan Rows\": 1, \"Plan Width\": 1}}]",
     "file.txt:2: expected a number from 0 as \"Actual Total Time\""},
};

INSTANTIATE_TEST_SUITE_P(All, PlanReaderErrors, testing::ValuesIn(badTexts),
                         reader_errors::nameOf);

TEST(PlanReader, SurvivesRandomDamage) {
  const std::string sound = query("Sort", inputs(op("Seq Scan")));
  const std::string bytes = "{}[]:,\"\\01e-\n";
  reader_errors::expectUseOrError(sound, bytes, [](const std::string &text) {
    for (const Plan &plan : read(text)) {
      EXPECT_FALSE(plan.operators.empty()) << text;
      for (std::size_t i = 0; i != plan.operators.size(); ++i) {
        for (std::uint32_t input : plan.operators[i].inputs)
          EXPECT_LT(input, i) << text;
        for (float feature : plan.operators[i].features)
          EXPECT_TRUE(std::isfinite(feature)) << text;
      }
    }
  });
}

} // namespace
