//===- PlanReader.cpp - reads plans of database queries ---------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "plans/PlanReader.h"

#include "program/Text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <sstream>

#include <nlohmann/json.hpp>

using namespace plans;
using Json = nlohmann::json;

namespace {

struct TypeInfo {
  const char *name; ///< "Node Type"
  std::size_t numInputs;
};

/// By OperatorType.
constexpr TypeInfo typeInfos[] = {
    {"Seq Scan", 0},          {"Index Scan", 0},  {"Index Only Scan", 0},
    {"Bitmap Index Scan", 0}, {"Aggregate", 1},   {"Gather", 1},
    {"Gather Merge", 1},      {"Sort", 1},        {"Hash", 1},
    {"Memoize", 1},           {"Materialize", 1}, {"Bitmap Heap Scan", 1},
    {"Nested Loop", 2},       {"Hash Join", 2},   {"Merge Join", 2},
};

/// Every object gets the line that it begins on under this key.
constexpr const char *lineKey = "@line";

/// Parses JSON that remembers lines.
class Parser {
public:
  Parser(std::string text, const std::string &file)
      : text(std::move(text)), stream(this->text), file(file) {}

  Json parse() {
    auto noteLine = [&](int, Json::parse_event_t event, Json &parsed) {
      if (event == Json::parse_event_t::object_start)
        openLines.push_back(presentLine());
      if (event == Json::parse_event_t::object_end) {
        parsed[lineKey] = openLines.back();
        openLines.pop_back();
      }
      return true;
    };
    try {
      return Json::parse(stream, noteLine);
    } catch (const Json::exception &error) {
      throw text::ReadError(file + ":" + std::to_string(presentLine()) +
                            ": no JSON: " + explanationOf(error));
    }
  }

private:
  /// The line that the parser has come to. Lines before are counted once only.
  std::size_t presentLine() {
    auto position = static_cast<std::ptrdiff_t>(
        stream.rdbuf()->pubseekoff(0, std::ios::cur, std::ios::in));
    line += static_cast<std::size_t>(
        std::count(text.begin() + counted, text.begin() + position, '\n'));
    counted = position;
    return line;
  }

  /// What the library says, without its own name, the place, and the piece of
  /// text that it cites.
  static std::string explanationOf(const Json::exception &error) {
    std::string what = error.what();
    for (const std::string start : {"] ", " - "})
      if (std::size_t found = what.find(start); found != std::string::npos)
        what.erase(0, found + start.size());
    for (const char *end : {"; last read", " parsing"})
      what.erase(std::min(what.find(end), what.size()));
    return what;
  }

  std::string text;
  std::istringstream stream;
  const std::string &file;
  std::vector<std::size_t> openLines; ///< of the objects that are not finished
  std::size_t line = 1;
  std::ptrdiff_t counted = 0; ///< bytes whose newlines are in `line`
};

/// What is wrong, at the line on which the object begins.
[[noreturn]] void fail(const std::string &file, const Json &object,
                       const std::string &problem) {
  throw text::ReadError(file + ":" +
                        std::to_string(object[lineKey].get<std::size_t>()) +
                        ": " + problem);
}

float logOf(double number) { return static_cast<float>(std::log1p(number)); }

float flagOf(bool isSet) { return isSet ? 1.0F : 0.0F; }

/// Takes what it needs from an object that should be an operator.
class OperatorReader {
public:
  OperatorReader(const std::string &file, const Json &object)
      : file(file), object(object) {}

  OperatorType type() const {
    std::string name = word("Node Type");
    const TypeInfo *info =
        std::find_if(std::begin(typeInfos), std::end(typeInfos),
                     [&](const TypeInfo &info) { return name == info.name; });
    if (info == std::end(typeInfos))
      fail(file, object, "unknown \"Node Type\" " + text::quoted(name));
    return static_cast<OperatorType>(info - std::begin(typeInfos));
  }

  /// As many as operators of this type have.
  std::vector<const Json *> inputs(OperatorType type) const {
    std::vector<const Json *> inputs;
    auto found = object.find("Plans");
    if (found != object.end() && !found->is_array())
      fail(file, object, "\"Plans\" is no array");
    if (found != object.end())
      for (const Json &input : *found) {
        if (!input.is_object())
          fail(file, object, "an element of \"Plans\" is no object");
        inputs.push_back(&input);
      }
    const TypeInfo &info = typeInfos[static_cast<std::size_t>(type)];
    if (inputs.size() != info.numInputs)
      fail(file, object,
           std::string(info.name) + " with " + std::to_string(inputs.size()) +
               " inputs, expected " + std::to_string(info.numInputs));
    return inputs;
  }

  /// A number that is not negative.
  double number(const char *key) const {
    auto found = object.find(key);
    if (found == object.end() || !found->is_number() ||
        found->get<double>() < 0)
      fail(file, object,
           std::string("expected a number from 0 as \"") + key + "\"");
    return found->get<double>();
  }

  Features features(const std::vector<const Json *> &inputs) const {
    double inputCost = 0, inputRows = 0;
    for (const Json *input : inputs) {
      OperatorReader reader(file, *input);
      inputCost += reader.number("Total Cost");
      inputRows += reader.number("Plan Rows");
    }
    double totalCost = number("Total Cost");
    double workers =
        object.contains("Workers Planned") ? number("Workers Planned") : 0;
    std::string join = word("Join Type"), partial = word("Partial Mode"),
                strategy = word("Strategy");
    bool isOtherJoin = !join.empty() && join != "Inner" && join != "Left";
    return {logOf(number("Startup Cost")),
            logOf(totalCost),
            logOf(std::max(totalCost - inputCost, 0.0)),
            logOf(number("Plan Rows")),
            logOf(inputRows),
            logOf(number("Plan Width")),
            logOf(workers),
            flagOf(flag("Parallel Aware")),
            flagOf(word("Parent Relationship") == "Inner"),
            flagOf(join == "Inner"),
            flagOf(join == "Left"),
            flagOf(isOtherJoin),
            flagOf(partial == "Partial"),
            flagOf(partial == "Finalize"),
            flagOf(strategy == "Sorted"),
            flagOf(strategy == "Hashed")};
  }

private:
  /// The text under a key, empty where there is none.
  std::string word(const char *key) const {
    auto found = object.find(key);
    if (found == object.end())
      return "";
    if (!found->is_string())
      fail(file, object, std::string("expected a text as \"") + key + "\"");
    return found->get<std::string>();
  }

  bool flag(const char *key) const {
    auto found = object.find(key);
    if (found == object.end())
      return false;
    if (!found->is_boolean())
      fail(file, object,
           std::string("expected true or false as \"") + key + "\"");
    return found->get<bool>();
  }

  const std::string &file;
  const Json &object;
};

/// Adds an operator behind its inputs, and returns its index.
std::uint32_t addOperator(const std::string &file, const Json &object,
                          std::size_t depth, std::vector<Operator> &operators) {
  if (depth > deepest)
    fail(file, object,
         "operators are nested more than " + std::to_string(deepest) + " deep");
  OperatorReader reader(file, object);
  OperatorType type = reader.type();
  std::vector<const Json *> inputs = reader.inputs(type);
  Operator result = {type, reader.features(inputs), {}};
  for (const Json *input : inputs)
    result.inputs.push_back(addOperator(file, *input, depth + 1, operators));
  operators.push_back(std::move(result));
  return static_cast<std::uint32_t>(operators.size() - 1);
}

} // namespace

std::vector<Plan> plans::readPlans(std::istream &input,
                                   const std::string &file) {
  std::ostringstream content;
  if (input.peek() != std::istream::traits_type::eof())
    content << input.rdbuf();
  if (input.bad() || content.bad())
    throw text::ReadError(file + ": can't be read");
  Json queries = Parser(content.str(), file).parse();
  if (!queries.is_array() || queries.empty())
    throw text::ReadError(file + ": holds no array of queries");
  std::vector<Plan> plans;
  for (const Json &query : queries) {
    if (!query.is_object())
      throw text::ReadError(file + ": an element of the array is no object");
    auto root = query.find("Plan");
    if (root == query.end() || !root->is_object())
      fail(file, query, "expected an object as \"Plan\"");
    Plan plan;
    addOperator(file, *root, 1, plan.operators);
    plan.milliseconds = OperatorReader(file, *root).number("Actual Total Time");
    plans.push_back(std::move(plan));
  }
  return plans;
}

std::vector<Plan> plans::readPlanFile(const std::string &path) {
  std::ifstream file = text::openFile(path);
  return readPlans(file, path);
}
