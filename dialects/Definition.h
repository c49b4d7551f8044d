//===- Definition.h - what cell.def and batch.kernel share ------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//
//
// The text of an operation that defines a cell or the kernel of one,
//
//   @name(%operand: type, ...) -> @State attributes {...} { body }
//
// and the ways in which operations refer to others by name.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_DIALECTS_DEFINITION_H
#define EDBC_DIALECTS_DEFINITION_H

#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

#include <optional>

namespace edbc {

/// Parses a definition, without an implied terminator of its body.
template <typename OpTy>
mlir::ParseResult parseDefinition(mlir::OpAsmParser &parser,
                                  mlir::OperationState &result) {
  mlir::StringAttr name;
  mlir::FlatSymbolRefAttr state;
  llvm::SmallVector<mlir::OpAsmParser::Argument> arguments;
  if (parser.parseSymbolName(name, OpTy::getSymNameAttrName(result.name),
                             result.attributes) ||
      parser.parseArgumentList(arguments, mlir::AsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseArrow() ||
      parser.parseAttribute(state, mlir::Type(),
                            OpTy::getStateAttrName(result.name),
                            result.attributes) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return mlir::failure();
  llvm::SmallVector<llvm::StringRef> names;
  for (const mlir::OpAsmParser::Argument &argument : arguments)
    names.push_back(argument.ssaName.name.drop_front());
  result.addAttribute(OpTy::getOperandNamesAttrName(result.name),
                      parser.getBuilder().getStrArrayAttr(names));
  return parser.parseRegion(*result.addRegion(), arguments);
}

template <typename OpTy>
void printDefinition(OpTy op, mlir::OpAsmPrinter &printer,
                     bool printTerminator) {
  printer << ' ';
  printer.printSymbolName(op.getSymName());
  printer << '(';
  llvm::interleaveComma(op.getBodyBlock().getArguments(), printer,
                        [&](mlir::BlockArgument argument) {
                          printer.printRegionArgument(argument);
                        });
  printer << ") -> " << op.getStateAttr();
  printer.printOptionalAttrDictWithKeyword(
      op->getAttrs(), {op.getSymNameAttrName(), op.getOperandNamesAttrName(),
                       op.getStateAttrName()});
  printer << ' ';
  printer.printRegion(op.getBody(), /*printEntryBlockArgs=*/false,
                      printTerminator);
}

/// Lets the operands keep the names that they are defined with.
template <typename OpTy>
void nameOperands(OpTy op, mlir::OpAsmSetValueNameFn setName) {
  for (auto [argument, name] :
       llvm::zip(op.getBodyBlock().getArguments(), op.getOperandNames()))
    setName(argument, mlir::cast<mlir::StringAttr>(name).getValue());
}

/// Every operand must have a name, and one of its own.
template <typename OpTy> mlir::LogicalResult verifyOperandNames(OpTy op) {
  if (op.getOperandNames().size() != op.getBodyBlock().getNumArguments())
    return op.emitOpError()
           << "has " << op.getBodyBlock().getNumArguments()
           << " operands and names for " << op.getOperandNames().size();
  llvm::StringSet<> seen;
  for (mlir::Attribute name : op.getOperandNames()) {
    llvm::StringRef operand = mlir::cast<mlir::StringAttr>(name).getValue();
    if (!seen.insert(operand).second)
      return op.emitOpError() << "has two operands named '" << operand << "'";
  }
  return mlir::success();
}

/// Looks up a symbol of a given kind; reports and returns null where there is
/// none.
template <typename OpTy>
OpTy lookupSymbol(mlir::Operation *user, mlir::SymbolTableCollection &tables,
                  mlir::FlatSymbolRefAttr name, llvm::StringRef what) {
  auto op = tables.lookupNearestSymbolFrom<OpTy>(user, name);
  if (!op)
    user->emitOpError() << "refers to " << name << ", which is not a " << what;
  return op;
}

/// The position of a field among those of a state, or nothing where there is
/// none of that name.
inline std::optional<unsigned> findFieldName(mlir::ArrayAttr fields,
                                             llvm::StringRef name) {
  for (auto [index, field] : llvm::enumerate(fields))
    if (mlir::cast<mlir::StringAttr>(field).getValue() == name)
      return index;
  return std::nullopt;
}

/// The position of the field that `user` names; reports where there is none.
template <typename StateOpTy>
std::optional<std::pair<StateOpTy, unsigned>>
lookupField(mlir::Operation *user, mlir::SymbolTableCollection &tables,
            mlir::FlatSymbolRefAttr stateName, llvm::StringRef field) {
  auto state = lookupSymbol<StateOpTy>(user, tables, stateName, "state");
  if (!state)
    return std::nullopt;
  std::optional<unsigned> index = findFieldName(state.getFieldNames(), field);
  if (!index) {
    user->emitOpError() << "names field '" << field << "', which state "
                        << stateName << " doesn't have";
    return std::nullopt;
  }
  return std::pair(state, *index);
}

} // namespace edbc

#endif // EDBC_DIALECTS_DEFINITION_H
