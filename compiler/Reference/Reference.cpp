//===- Reference.cpp - interprets the cell dialect --------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Reference/Reference.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace edbc;

/// All values of the dialect that aren't operands of cells are vectors.
using Tensor = std::vector<double>;

static int64_t sizeOf(Value vector) {
  return cast<RankedTensorType>(vector.getType()).getNumElements();
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

template <typename Function>
static Tensor map(Function function, const Tensor &x) {
  Tensor result;
  for (double element : x)
    result.push_back(function(element));
  return result;
}

template <typename Function>
static Tensor map(Function function, const Tensor &x, const Tensor &y) {
  Tensor result;
  for (auto [left, right] : llvm::zip_equal(x, y))
    result.push_back(function(left, right));
  return result;
}

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// As arith.maximumf: NaN if either is, and 0 is greater than -0.
static double maximum(double x, double y) {
  if (std::isnan(x) || std::isnan(y))
    return x + y;
  return x > y || (x == y && !std::signbit(x)) ? x : y;
}

static double minimum(double x, double y) { return -maximum(-x, -y); }

/// result[n] = sum over k of matrix[n, k] * vector[k]
static Tensor multiply(const Tensor &matrix, const Tensor &vector) {
  Tensor result;
  for (size_t row = 0; row < matrix.size(); row += vector.size()) {
    double sum = 0;
    for (size_t k = 0; k < vector.size(); ++k)
      sum += matrix[row + k] * vector[k];
    result.push_back(sum);
  }
  return result;
}

/// Row `index` of a matrix with `columns` columns.
static Tensor rowOf(const Tensor &matrix, size_t index, size_t columns) {
  auto begin = matrix.begin() + index * columns;
  return Tensor(begin, begin + columns);
}

//===----------------------------------------------------------------------===//
// Bodies of cells
//===----------------------------------------------------------------------===//

namespace {
/// Evaluates the operations of one cell for one node.
class BodyInterpreter {
public:
  BodyInterpreter(const std::map<std::string, Tensor, std::less<>> &params,
                  ArrayRef<CellOperand> operands)
      : params(params), operands(operands) {}

  FailureOr<NodeState> run(cell::DefOp def, cell::StateOp state);

private:
  FailureOr<Tensor> evaluate(Operation *op) const;

  const Tensor &param(StringRef name) const {
    return params.find(name.str())->second;
  }
  /// What was given for an operand of the cell.
  template <typename T> const T &given(Value operand) const {
    return std::get<T>(operands[cast<BlockArgument>(operand).getArgNumber()]);
  }
  const Tensor &value(Value vector) const {
    if (isa<BlockArgument>(vector))
      return given<Tensor>(vector);
    return values.find(vector)->second;
  }

  const std::map<std::string, Tensor, std::less<>> &params;
  ArrayRef<CellOperand> operands;
  DenseMap<Value, Tensor> values;
};
} // namespace

FailureOr<NodeState> BodyInterpreter::run(cell::DefOp def,
                                          cell::StateOp state) {
  for (Operation &op : def.getBodyBlock().without_terminator()) {
    FailureOr<Tensor> result = evaluate(&op);
    if (failed(result))
      return failure();
    values[op.getResult(0)] = std::move(*result);
  }
  NodeState node;
  node.state = state.getSymName().str();
  for (auto [name, field] :
       llvm::zip_equal(state.getFieldNames(), def.getYield().getFields()))
    node.fields[cast<StringAttr>(name).str()] = value(field);
  return node;
}

FailureOr<Tensor> BodyInterpreter::evaluate(Operation *op) const {
  auto x = [&](unsigned index) -> const Tensor & {
    return value(op->getOperand(index));
  };
  auto elementwise = [&](double (*function)(double)) {
    return map(function, x(0));
  };
  return TypeSwitch<Operation *, FailureOr<Tensor>>(op)
      .Case([&](cell::FieldOp field) {
        const NodeState *node = given<const NodeState *>(field.getNode());
        return node->fields.find(field.getField().str())->second;
      })
      .Case([&](cell::LookupOp lookup) {
        return rowOf(param(lookup.getTable()),
                     given<uint32_t>(lookup.getToken()),
                     sizeOf(lookup.getResult()));
      })
      .Case([&](cell::WeightOp weight) { return param(weight.getParam()); })
      .Case([&](cell::ProductOp product) {
        return multiply(param(product.getParam()), value(product.getVector()));
      })
      .Case([&](cell::SigmoidOp) { return elementwise(sigmoid); })
      .Case([&](tensor::ConcatOp concat) {
        Tensor result;
        for (Value part : concat.getInputs())
          llvm::append_range(result, value(part));
        return result;
      })
      .Case([&](arith::ConstantOp constant) -> FailureOr<Tensor> {
        auto elements = dyn_cast<DenseFPElementsAttr>(constant.getValue());
        if (!elements || elements.getType().getRank() != 1)
          return constant.emitOpError("must be a vector of numbers");
        Tensor result;
        for (const APFloat &element : elements)
          result.push_back(element.convertToDouble());
        return result;
      })
      .Case([&](arith::AddFOp) { return map(std::plus<>(), x(0), x(1)); })
      .Case([&](arith::SubFOp) { return map(std::minus<>(), x(0), x(1)); })
      .Case([&](arith::MulFOp) { return map(std::multiplies<>(), x(0), x(1)); })
      .Case([&](arith::DivFOp) { return map(std::divides<>(), x(0), x(1)); })
      .Case([&](arith::NegFOp) { return map(std::negate<>(), x(0)); })
      .Case([&](arith::MaximumFOp) { return map(maximum, x(0), x(1)); })
      .Case([&](arith::MinimumFOp) { return map(minimum, x(0), x(1)); })
      .Case([&](math::TanhOp) { return elementwise(std::tanh); })
      .Case([&](math::ExpOp) { return elementwise(std::exp); })
      .Case([&](math::LogOp) { return elementwise(std::log); })
      .Case([&](math::SqrtOp) { return elementwise(std::sqrt); })
      .Case([&](math::AbsFOp) { return elementwise(std::fabs); })
      .Default([](Operation *other) -> FailureOr<Tensor> {
        return other->emitOpError("is unknown to the reference interpreter");
      });
}

//===----------------------------------------------------------------------===//
// Networks
//===----------------------------------------------------------------------===//

Reference::Reference(ModuleOp module, Tensors params)
    : module(module), params(std::move(params)) {
  for (auto def : module.getOps<cell::DefOp>())
    cells.push_back(def);
}

FailureOr<Reference> Reference::create(ModuleOp module,
                                       const ParameterValues &values) {
  Tensors params;
  for (auto param : module.getOps<cell::ParamOp>()) {
    auto found = values.find(param.getSymName());
    if (found == values.end())
      return param.emitOpError("has no value");
    size_t expected = param.getTensorType().getNumElements();
    if (found->second.size() != expected)
      return param.emitOpError() << "needs " << expected << " values, found "
                                 << found->second.size();
    params[param.getSymName().str()] =
        Tensor(found->second.begin(), found->second.end());
  }
  return Reference(module, std::move(params));
}

/// Whether a node has the name and the fields of a state.
static bool isOfState(const NodeState &node, cell::StateOp state) {
  if (node.state != state.getSymName())
    return false;
  for (unsigned i = 0; i < state.getNumFields(); ++i) {
    auto name = cast<StringAttr>(state.getFieldNames()[i]);
    auto field = node.fields.find(name.getValue());
    if (field == node.fields.end() ||
        field->second.size() != size_t(state.getFieldType(i).getNumElements()))
      return false;
  }
  return true;
}

/// Checks one operand against the type that the definition gives it.
static LogicalResult checkOperand(cell::DefOp def, unsigned index,
                                  const CellOperand &operand) {
  auto fail = [&] {
    return def.emitOpError()
           << "operand '" << def.getOperandName(index) << "' must be ";
  };
  Type type = def.getBodyBlock().getArgument(index).getType();
  if (auto ref = dyn_cast<cell::RefType>(type)) {
    auto *node = std::get_if<const NodeState *>(&operand);
    auto state = SymbolTable::lookupNearestSymbolFrom<cell::StateOp>(
        def, ref.getState());
    if (!node || !*node || !isOfState(**node, state))
      return fail() << "a node of state " << ref.getState();
  } else if (auto token = dyn_cast<cell::TokenType>(type)) {
    auto *value = std::get_if<uint32_t>(&operand);
    if (!value || *value >= token.getBound())
      return fail() << "a token below " << token.getBound();
  } else {
    auto *numbers = std::get_if<std::vector<double>>(&operand);
    size_t width = cast<RankedTensorType>(type).getNumElements();
    if (!numbers || numbers->size() != width)
      return fail() << width << " numbers";
  }
  return success();
}

FailureOr<NodeState> Reference::evaluate(StringRef cell,
                                         ArrayRef<CellOperand> operands) const {
  auto def =
      dyn_cast_or_null<cell::DefOp>(SymbolTable::lookupSymbolIn(module, cell));
  if (!def)
    return module->emitError() << "network has no cell '" << cell << "'";
  if (operands.size() != def.getNumOperandsOfCell())
    return def.emitOpError() << "takes " << def.getNumOperandsOfCell()
                             << " operands, found " << operands.size();
  for (auto [index, operand] : llvm::enumerate(operands))
    if (failed(checkOperand(def, index, operand)))
      return failure();
  auto state = SymbolTable::lookupNearestSymbolFrom<cell::StateOp>(
      def, def.getStateAttr());
  return BodyInterpreter(params, operands).run(def, state);
}

FailureOr<std::vector<NodeState>>
Reference::evaluate(const Instance &instance) const {
  std::vector<NodeState> states;
  for (auto [index, node] : llvm::enumerate(instance.nodes)) {
    auto fail = [&, index = index]() {
      return module->emitError() << "node " << index << " of the instance ";
    };
    if (node.cell >= cells.size())
      return fail() << "is of cell " << node.cell << ", but the network has "
                    << cells.size();
    cell::DefOp def = cells[node.cell];
    Block::BlockArgListType types = def.getBodyBlock().getArguments();
    if (node.firstArgument > instance.arguments.size() ||
        types.size() > instance.arguments.size() - node.firstArgument)
      return fail() << "has too few arguments";
    std::vector<CellOperand> operands;
    for (auto [operand, argument] : llvm::enumerate(types)) {
      uint32_t given = instance.arguments[node.firstArgument + operand];
      if (isa<cell::RefType>(argument.getType())) {
        if (given >= index)
          return fail() << "uses node " << given << ", which isn't earlier";
        operands.push_back(&states[given]);
      } else if (isa<cell::TokenType>(argument.getType())) {
        operands.push_back(given);
      } else {
        size_t width = sizeOf(argument);
        if (given > instance.values.size() ||
            width > instance.values.size() - given)
          return fail() << "has too few numbers";
        auto begin = instance.values.begin() + given;
        operands.push_back(std::vector<double>(begin, begin + width));
      }
    }
    FailureOr<NodeState> state = evaluate(def.getSymName(), operands);
    if (failed(state))
      return failure();
    states.push_back(std::move(*state));
  }
  return states;
}
