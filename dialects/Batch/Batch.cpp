//===- Batch.cpp - the batch dialect, its types and attributes --*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "dialects/Batch/Batch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace edbc::batch;

#include "dialects/Batch/BatchDialect.cpp.inc"
#include "dialects/Batch/BatchEnums.cpp.inc"

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

#define GET_TYPEDEF_CLASSES
#include "dialects/Batch/BatchTypes.cpp.inc"

/// A list that may be empty, unlike those of the generated parsers.
static ParseResult parseOffsets(AsmParser &parser,
                                SmallVector<int64_t> &offsets) {
  return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
    return parser.parseInteger(offsets.emplace_back());
  });
}

static void printOffsets(AsmPrinter &printer, ArrayRef<int64_t> offsets) {
  printer << '[';
  llvm::interleaveComma(offsets, printer);
  printer << ']';
}

#define GET_ATTRDEF_CLASSES
#include "dialects/Batch/BatchAttrs.cpp.inc"

LogicalResult TokensType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t bound) {
  if (bound < 1)
    return emitError() << "bound of tokens must be positive, found " << bound;
  return success();
}

LogicalResult ValuesType::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t width) {
  if (width < 1)
    return emitError() << "width of values must be positive, found " << width;
  return success();
}

LogicalResult
RowLayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      ArrayRef<int64_t> offsets, int64_t stride) {
  for (int64_t value : llvm::concat<const int64_t>(offsets, ArrayRef(stride)))
    if (value < 0 || value > stride || value % lanes)
      return emitError() << "offsets and stride of a row layout must be "
                            "multiples of "
                         << lanes << " within the stride, found " << value;
  return success();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static ParseResult parseFields(OpAsmParser &parser, ArrayAttr &names,
                               DenseI64ArrayAttr &widths,
                               DenseI64ArrayAttr &columns) {
  SmallVector<Attribute> nameList;
  SmallVector<int64_t> widthList, columnList;
  auto parseField = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name) || parser.parseColon() ||
        parser.parseInteger(widthList.emplace_back()))
      return failure();
    columnList.push_back(1);
    if (succeeded(parser.parseOptionalKeyword("by")) &&
        parser.parseInteger(columnList.back()))
      return failure();
    nameList.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(parseField))
    return failure();
  names = parser.getBuilder().getArrayAttr(nameList);
  widths = parser.getBuilder().getDenseI64ArrayAttr(widthList);
  columns = parser.getBuilder().getDenseI64ArrayAttr(columnList);
  return success();
}

static void printFields(OpAsmPrinter &printer, Operation *, ArrayAttr names,
                        DenseI64ArrayAttr widths, DenseI64ArrayAttr columns) {
  llvm::interleaveComma(
      llvm::zip(names, widths.asArrayRef(), columns.asArrayRef()), printer,
      [&](auto field) {
        auto [name, width, count] = field;
        printer.printKeywordOrString(cast<StringAttr>(name));
        printer << " : " << width;
        if (count != 1)
          printer << " by " << count;
      });
}

#define GET_OP_CLASSES
#include "dialects/Batch/BatchOps.cpp.inc"

//===----------------------------------------------------------------------===//
// The dialect
//===----------------------------------------------------------------------===//

void BatchDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Batch/BatchTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Batch/BatchAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Batch/BatchOps.cpp.inc"
      >();
}
