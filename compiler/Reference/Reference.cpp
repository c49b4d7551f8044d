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

/// A vector, or a matrix row after row; its type says which.
using Tensor = std::vector<double>;

static RankedTensorType typeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType());
}

static int64_t sizeOf(Value tensor) { return typeOf(tensor).getNumElements(); }

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

/// result[n, c] = sum over k of matrix[n, k] * operand[k, c], where `operand`
/// has `columns` columns: 1 if it is a vector.
static Tensor multiply(const Tensor &matrix, const Tensor &operand,
                       size_t columns) {
  size_t depth = operand.size() / columns;
  Tensor result;
  for (size_t row = 0; row < matrix.size(); row += depth)
    for (size_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (size_t k = 0; k < depth; ++k)
        sum += matrix[row + k] * operand[k * columns + column];
      result.push_back(sum);
    }
  return result;
}

/// `size` elements from number `begin` on.
static Tensor slice(const Tensor &tensor, size_t begin, size_t size) {
  return Tensor(tensor.begin() + begin, tensor.begin() + begin + size);
}

/// The matrix of `type` all of whose columns, or rows, are `vector`.
static Tensor broadcast(const Tensor &vector, cell::Direction direction,
                        RankedTensorType type) {
  Tensor result;
  for (int64_t row = 0; row < type.getDimSize(0); ++row)
    for (int64_t column = 0; column < type.getDimSize(1); ++column)
      result.push_back(
          vector[direction == cell::Direction::Columns ? row : column]);
  return result;
}

/// log(sum over k of exp(x[k])), where exp doesn't overflow.
static double logSumExp(const Tensor &x) {
  double largest = x.front(), sum = 0;
  for (double element : x)
    largest = maximum(largest, element);
  if (std::isinf(largest))
    return largest;
  for (double element : x)
    sum += std::exp(element - largest);
  return largest + std::log(sum);
}

static Tensor logSoftmax(const Tensor &x) {
  double sum = logSumExp(x);
  return map([sum](double element) { return element - sum; }, x);
}

/// Of equal elements the first; NaN is less than anything else.
static double argmax(const Tensor &x) {
  size_t best = 0;
  for (size_t i = 1; i < x.size(); ++i)
    if (x[i] > x[best] || (std::isnan(x[best]) && !std::isnan(x[i])))
      best = i;
  return best;
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
  LogicalResult evaluate(Block &block);
  FailureOr<Tensor> evaluate(Operation *op);
  FailureOr<Tensor> reduce(cell::ReduceOp reduce);

  const Tensor &param(StringRef name) const {
    return params.find(name.str())->second;
  }
  /// What was given for an operand of the cell.
  template <typename T> const T &given(Value operand) const {
    return std::get<T>(operands[cast<BlockArgument>(operand).getArgNumber()]);
  }
  /// A node given as an operand, or one of a list that is being reduced.
  const NodeState &node(Value ref) const {
    auto element = elements.find(ref);
    return element == elements.end() ? *given<const NodeState *>(ref)
                                     : *element->second;
  }
  const Tensor &value(Value tensor) const {
    if (isa<BlockArgument>(tensor))
      return given<Tensor>(tensor);
    return values.find(tensor)->second;
  }

  const std::map<std::string, Tensor, std::less<>> &params;
  ArrayRef<CellOperand> operands;
  DenseMap<Value, Tensor> values;
  DenseMap<Value, const NodeState *> elements;
};
} // namespace

FailureOr<NodeState> BodyInterpreter::run(cell::DefOp def,
                                          cell::StateOp state) {
  if (failed(evaluate(def.getBodyBlock())))
    return failure();
  NodeState node;
  node.state = state.getSymName().str();
  for (auto [name, field] :
       llvm::zip_equal(state.getFieldNames(), def.getYield().getFields()))
    node.fields[cast<StringAttr>(name).str()] = value(field);
  return node;
}

LogicalResult BodyInterpreter::evaluate(Block &block) {
  for (Operation &op : block.without_terminator()) {
    FailureOr<Tensor> result = evaluate(&op);
    if (failed(result))
      return failure();
    values[op.getResult(0)] = std::move(*result);
  }
  return success();
}

FailureOr<Tensor> BodyInterpreter::reduce(cell::ReduceOp reduce) {
  cell::Reduction reduction = reduce.getReduction();
  const auto &nodes = given<std::vector<const NodeState *>>(reduce.getNodes());
  Tensor result(sizeOf(reduce.getResult()), 0);
  for (auto [index, element] : llvm::enumerate(nodes)) {
    elements[reduce.getNode()] = element;
    if (failed(evaluate(reduce.getBodyBlock())))
      return failure();
    const Tensor &reduced = value(reduce.getReduced());
    if (reduction != cell::Reduction::Max)
      result = map(std::plus<>(), result, reduced);
    else
      result = index == 0 ? reduced : map(maximum, result, reduced);
  }
  if (reduction == cell::Reduction::Mean)
    for (double &sum : result)
      sum /= nodes.size();
  return result;
}

FailureOr<Tensor> BodyInterpreter::evaluate(Operation *op) {
  auto x = [&](unsigned index) -> const Tensor & {
    return value(op->getOperand(index));
  };
  auto elementwise = [&](double (*function)(double)) {
    return map(function, x(0));
  };
  /// Of an operand that is a vector or a matrix.
  auto columnsOf = [&](Value operand) -> size_t {
    RankedTensorType type = typeOf(operand);
    return type.getRank() == 1 ? 1 : type.getDimSize(1);
  };
  return TypeSwitch<Operation *, FailureOr<Tensor>>(op)
      .Case([&](cell::FieldOp field) {
        return node(field.getNode())
            .fields.find(field.getField().str())
            ->second;
      })
      .Case([&](cell::LookupOp lookup) {
        size_t size = sizeOf(lookup.getResult());
        return slice(param(lookup.getTable()),
                     given<uint32_t>(lookup.getToken()) * size, size);
      })
      .Case([&](cell::WeightOp weight) { return param(weight.getParam()); })
      .Case([&](cell::ProductOp product) {
        return multiply(param(product.getParam()), value(product.getOperand()),
                        columnsOf(product.getOperand()));
      })
      .Case([&](cell::MultiplyOp product) {
        return multiply(x(0), x(1), columnsOf(product.getOperand()));
      })
      .Case([&](cell::BroadcastOp op) {
        return broadcast(x(0), op.getDirection(), op.getResult().getType());
      })
      .Case([&](cell::ReduceOp op) { return reduce(op); })
      .Case([&](cell::SigmoidOp) { return elementwise(sigmoid); })
      .Case([&](cell::SoftmaxOp) {
        return map([](double log) { return std::exp(log); }, logSoftmax(x(0)));
      })
      .Case([&](cell::LogSoftmaxOp) { return logSoftmax(x(0)); })
      .Case([&](cell::CrossEntropyOp loss) {
        return Tensor{-logSoftmax(x(0))[given<uint32_t>(loss.getLabel())]};
      })
      .Case([&](cell::ArgmaxOp) { return Tensor{argmax(x(0))}; })
      .Case([&](tensor::ConcatOp concat) -> FailureOr<Tensor> {
        if (concat.getDim() != 0)
          return concat.emitOpError("must concatenate along dimension 0");
        Tensor result;
        for (Value part : concat.getInputs())
          llvm::append_range(result, value(part));
        return result;
      })
      .Case([&](tensor::ExtractSliceOp op) -> FailureOr<Tensor> {
        if (op.getSourceType().getRank() != 1 || op.getType().getRank() != 1 ||
            !op.hasUnitStride() || op.isDynamicOffset(0))
          return op.emitOpError("must be a part of a vector without gaps, from "
                                "a constant offset on");
        return slice(x(0), op.getStaticOffset(0), sizeOf(op.getResult()));
      })
      .Case([&](arith::ConstantOp constant) -> FailureOr<Tensor> {
        auto elements = dyn_cast<DenseFPElementsAttr>(constant.getValue());
        if (!elements || elements.getType().getRank() == 0)
          return constant.emitOpError("must be a vector or matrix of numbers");
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
  auto isNode = [&](const NodeState *node, FlatSymbolRefAttr state) {
    return node &&
           isOfState(*node, SymbolTable::lookupNearestSymbolFrom<cell::StateOp>(
                                def, state));
  };
  Type type = def.getBodyBlock().getArgument(index).getType();
  if (auto ref = dyn_cast<cell::RefType>(type)) {
    auto *node = std::get_if<const NodeState *>(&operand);
    if (!node || !isNode(*node, ref.getState()))
      return fail() << "a node of state " << ref.getState();
  } else if (auto refs = dyn_cast<cell::RefsType>(type)) {
    auto *nodes = std::get_if<std::vector<const NodeState *>>(&operand);
    if (!nodes || nodes->size() < uint64_t(refs.getLeast()) ||
        !llvm::all_of(*nodes, [&](const NodeState *node) {
          return isNode(node, refs.getState());
        }))
      return fail() << "at least " << refs.getLeast() << " nodes of state "
                    << refs.getState();
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

/// What argument `given` of a node stands for, whose earlier nodes have the
/// states `states`. `fail` begins an error about the node.
static FailureOr<CellOperand>
readArgument(const Instance &instance, uint32_t given, Type type,
             ArrayRef<NodeState> states,
             function_ref<InFlightDiagnostic()> fail) {
  auto findNode = [&](uint32_t node) -> FailureOr<const NodeState *> {
    if (node >= states.size())
      return fail() << "uses node " << node << ", which isn't earlier";
    return &states[node];
  };
  if (isa<cell::TokenType>(type))
    return CellOperand(given);
  if (isa<cell::RefType>(type)) {
    FailureOr<const NodeState *> node = findNode(given);
    if (failed(node))
      return failure();
    return CellOperand(*node);
  }
  if (isa<cell::RefsType>(type)) {
    if (given >= instance.elements.size() ||
        instance.elements[given] >= instance.elements.size() - given)
      return fail() << "has too few elements";
    std::vector<const NodeState *> nodes;
    for (uint32_t element : instance.elementsAt(given)) {
      FailureOr<const NodeState *> node = findNode(element);
      if (failed(node))
        return failure();
      nodes.push_back(*node);
    }
    return CellOperand(std::move(nodes));
  }
  size_t width = cast<RankedTensorType>(type).getNumElements();
  if (given > instance.values.size() || width > instance.values.size() - given)
    return fail() << "has too few numbers";
  auto begin = instance.values.begin() + given;
  return CellOperand(std::vector<double>(begin, begin + width));
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
    TypeRange types = def.getBodyBlock().getArgumentTypes();
    if (node.firstArgument > instance.arguments.size() ||
        types.size() > instance.arguments.size() - node.firstArgument)
      return fail() << "has too few arguments";
    std::vector<CellOperand> operands;
    for (auto [operand, type] : llvm::enumerate(types)) {
      FailureOr<CellOperand> read = readArgument(
          instance, instance.arguments[node.firstArgument + operand], type,
          states, fail);
      if (failed(read))
        return failure();
      operands.push_back(std::move(*read));
    }
    FailureOr<NodeState> state = evaluate(def.getSymName(), operands);
    if (failed(state))
      return failure();
    states.push_back(std::move(*state));
  }
  return states;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// Of the finite ones.
static double largestMagnitude(ArrayRef<double> numbers) {
  double largest = 0;
  for (double number : numbers)
    if (std::isfinite(number))
      largest = std::max(largest, std::abs(number));
  return largest;
}

double edbc::largestMagnitude(ArrayRef<NodeState> nodes, StringRef state,
                              StringRef field) {
  double largest = 0;
  for (const NodeState &node : nodes)
    if (node.state == state)
      largest = std::max(largest,
                         ::largestMagnitude(node.fields.find(field)->second));
  return largest;
}

double edbc::relativeError(ArrayRef<double> expected, ArrayRef<float> found,
                           double usual) {
  double difference = 0;
  for (auto [left, right] : llvm::zip_equal(expected, found)) {
    if (left == right || (std::isnan(left) && std::isnan(right)))
      continue;
    if (!std::isfinite(left) || !std::isfinite(right))
      return HUGE_VAL;
    difference = std::max(difference, std::abs(left - right));
  }
  if (difference == 0)
    return 0;
  return difference / std::max(::largestMagnitude(expected), usual / 100);
}

double edbc::toleranceOf(edbc_precision precision) {
  switch (precision) {
  case EDBC_PRECISION_F32:
    return 1e-5;
  case EDBC_PRECISION_TF32:
    return 5e-3;
  case EDBC_PRECISION_BF16:
    return 5e-2;
  }
  return 0;
}
