//===- Parser.cpp - from text to a syntax tree ------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
// A recursive-descent parser with one token of lookahead. Functions that return
// false or null have reported an error; their callers return likewise, up to
// the loop over statements or declarations, which finds the next one.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Parser.h"

#include "compiler/Frontend/Lexer.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace llvm;

namespace edbc::frontend {

/// How tightly a binary operator binds; 0 for other tokens.
static unsigned getPrecedence(TokenKind kind) {
  switch (kind) {
  case TokenKind::Plus:
  case TokenKind::Minus:
    return 1;
  case TokenKind::Star:
  case TokenKind::Slash:
    return 2;
  case TokenKind::At:
    return 3;
  default:
    return 0;
  }
}

/// The text of the doc comments among the comments of `block`.
static std::string readDoc(StringRef block) {
  SmallVector<StringRef> lines, doc;
  block.split(lines, '\n');
  for (StringRef line : lines) {
    line = line.trim();
    if (!line.consume_front("///") || line.starts_with("/"))
      continue;
    line.consume_front(" ");
    doc.push_back(line);
  }
  return join(doc, "\n");
}

namespace {

class Parser {
public:
  Parser(ModelFile &model, Reporter reporter)
      : model(model), reporter(reporter), lexer(reporter.file.getText()) {
    advance();
  }

  void parse();

private:
  bool parseDeclaration();
  bool parseNetwork();
  bool parseDim();
  bool parseParams(std::vector<ParamDecl> &params);
  bool parseUse(std::vector<UseDecl> &uses);
  bool parseState();
  bool parseFields(std::vector<FieldDecl> &fields, StringRef what,
                   TokenKind end, StringRef endSign);
  bool parseLayer();
  bool parseLayerHeader(LayerDecl &layer);
  bool parseCell();
  bool parseCellHeader(CellDecl &cell);
  bool parseOperand(OperandDecl &operand);
  /// Parses the body of a "cell" or "layer", which assigns what `member` says.
  bool parseBody(StringRef kind, StringRef member, Body &body);
  bool parseStatement(std::vector<Statement> &statements, StringRef member);
  bool parseOutput();

  bool parseName(Name &name, const Twine &what);
  bool parseShape(Shape &shape, const Twine &what);
  const Expr *parseExpr(unsigned minPrecedence = 1);
  const Expr *parseUnary();
  const Expr *parsePostfix();
  const Expr *parsePrimary();
  const Expr *parseNamed();
  const Expr *parseCall(const Name &name);
  const Expr *parseReduction(const Name &name);
  /// Parses what stands in brackets behind `base`.
  const Expr *parseIndex(const Expr *base);
  const Expr *makeExpr(Expr::Kind kind, SourceRange range, Name name,
                       ArrayRef<const Expr *> operands = {}, Name base = {},
                       Name variable = {});

  void advance() {
    previousEnd = token.range.end;
    token = lexer.next();
  }
  bool consumeIf(TokenKind kind) {
    if (!token.is(kind))
      return false;
    advance();
    return true;
  }
  bool expect(TokenKind kind, const Twine &what) {
    return consumeIf(kind) || fail(what);
  }
  /// Whether the current token goes on with the line of the previous one, or
  /// stands in brackets, where line ends don't count.
  bool continues() const { return !token.startsLine || brackets > 0; }
  bool beginsStatement() const;
  bool expectLineEnd() {
    return token.startsLine || token.is(TokenKind::End) ||
           token.is(TokenKind::RightBrace) || fail("end of line");
  }
  /// Reports that the current token is not `expected`; returns false.
  bool fail(const Twine &expected);
  bool failTooDeep(SourceRange place);
  /// After an error in a header: moves to the body, which may have errors of
  /// its own; false where there is none before the next declaration.
  bool skipToBody();

  ModelFile &model;
  Reporter reporter;
  Lexer lexer;
  Token token;
  uint32_t previousEnd = 0;
  unsigned brackets = 0; ///< open ones around the current token
  unsigned nesting = 0;  ///< of expressions being parsed
};

} // namespace

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

bool Parser::fail(const Twine &expected) {
  model.isIncomplete = true;
  SourceRange lineEnd(previousEnd, previousEnd);
  if (token.is(TokenKind::Invalid))
    reporter.error(token.range, "{0} '{1}'", token.problem,
                   token.text.take_front(maxTokenLength));
  else if (token.is(TokenKind::End))
    reporter.error(lineEnd, "expected {0}, found end of file", expected.str());
  else if (token.startsLine && !token.is(TokenKind::RightBrace))
    reporter.error(lineEnd, "expected {0}, found end of line", expected.str());
  else
    reporter.error(token.range, "expected {0}, found '{1}'", expected.str(),
                   token.text);
  return false;
}

bool Parser::failTooDeep(SourceRange place) {
  model.isIncomplete = true;
  reporter.error({place.caret, place.caret},
                 "expression is nested more than {0} deep; name its parts with "
                 "'let'",
                 maxExprDepth);
  return false;
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Parser::parse() {
  while (!token.is(TokenKind::End))
    if (!parseDeclaration())
      while (!token.is(TokenKind::End) && !token.beginsDeclaration())
        advance();
  if (model.network.text.empty() && !model.isIncomplete) {
    model.isIncomplete = true;
    reporter.error({}, "expected 'network NAME' in the file");
  }
}

bool Parser::parseDeclaration() {
  switch (token.kind) {
  case TokenKind::Network:
    return parseNetwork() && expectLineEnd();
  case TokenKind::Dim:
    return parseDim() && expectLineEnd();
  case TokenKind::Param:
    return parseParams(model.params) && expectLineEnd();
  case TokenKind::Layer:
    return parseLayer() && expectLineEnd();
  case TokenKind::Use:
    return parseUse(model.uses) && expectLineEnd();
  case TokenKind::State:
    return parseState() && expectLineEnd();
  case TokenKind::Cell:
    return parseCell() && expectLineEnd();
  case TokenKind::Output:
    return parseOutput() && expectLineEnd();
  case TokenKind::Invalid:
    return fail("");
  default:
    model.isIncomplete = true;
    reporter.error(token.range,
                   "expected a declaration (network, dim, param, layer, use, "
                   "state, cell or output), found '{0}'{1}",
                   token.text,
                   suggest(token.text, {"network", "dim", "param", "layer",
                                        "use", "state", "cell", "output"}));
    return false;
  }
}

bool Parser::parseNetwork() {
  SourceRange place = token.range;
  advance();
  Name name;
  if (!parseName(name, "the network"))
    return false;
  if (model.network.text.empty()) {
    model.network = name;
    return true;
  }
  reporter.error(place, "the file declares a second network");
  reporter.note(model.network.range, "the first one is here");
  return true;
}

bool Parser::parseDim() {
  advance();
  DimDecl dim = {};
  if (!parseName(dim.name, "a dimension"))
    return false;
  if (continues() && consumeIf(TokenKind::Equal) && !(dim.value = parseExpr()))
    return false;
  model.dims.push_back(dim);
  return true;
}

bool Parser::parseParams(std::vector<ParamDecl> &params) {
  ParamDecl param;
  do {
    advance();
    if (!parseName(param.names.emplace_back(), "a parameter"))
      return false;
  } while (token.is(TokenKind::Comma));
  if (!expect(TokenKind::Colon, "',' or ':' after the name of a parameter") ||
      !parseShape(param.shape, "the shape of a parameter"))
    return false;
  params.push_back(std::move(param));
  return true;
}

bool Parser::parseUse(std::vector<UseDecl> &uses) {
  UseDecl use;
  do {
    advance();
    if (!parseName(use.names.emplace_back(), "a layer in use"))
      return false;
  } while (token.is(TokenKind::Comma));
  if (!expect(TokenKind::Colon,
              "',' or ':' after the name of a layer in use") ||
      !parseName(use.layer, "a layer"))
    return false;
  if (continues() && token.is(TokenKind::LeftBracket) &&
      !parseShape(use.dims, "the dimensions of the layer"))
    return false;
  uses.push_back(std::move(use));
  return true;
}

bool Parser::parseState() {
  advance();
  StateDecl state;
  if (!parseName(state.name, "a state") ||
      !expect(TokenKind::LeftBrace, "'{' and the fields of the state") ||
      !parseFields(state.fields, "a field", TokenKind::RightBrace, "}"))
    return false;
  model.states.push_back(std::move(state));
  return true;
}

bool Parser::parseFields(std::vector<FieldDecl> &fields, StringRef what,
                         TokenKind end, StringRef endSign) {
  do {
    FieldDecl &field = fields.emplace_back();
    if (!parseName(field.name, what) ||
        !expect(TokenKind::Colon, "':' and the shape of " + what) ||
        !parseShape(field.shape, "the shape of " + what))
      return false;
  } while (consumeIf(TokenKind::Comma) && !token.is(end));
  return expect(end, "',' or '" + endSign + "' after " + what);
}

bool Parser::parseLayer() {
  advance();
  LayerDecl layer;
  bool hasHeader = parseLayerHeader(layer);
  if (!hasHeader && !skipToBody())
    return false;
  bool hasBody = parseBody("layer", "a result", layer.body);
  layer.length = previousEnd - layer.name.range.end;
  if (hasHeader)
    model.layers.push_back(std::move(layer));
  return hasBody;
}

bool Parser::parseLayerHeader(LayerDecl &layer) {
  if (!parseName(layer.name, "a layer"))
    return false;
  if (token.is(TokenKind::LeftBracket)) {
    do {
      advance();
      if (!parseName(layer.dims.emplace_back(), "a dimension"))
        return false;
    } while (token.is(TokenKind::Comma));
    if (!expect(TokenKind::RightBracket, "',' or ']' after a dimension"))
      return false;
  }
  if (!expect(TokenKind::LeftParen, "'(' and the operands of the layer"))
    return false;
  if (!consumeIf(TokenKind::RightParen) &&
      !parseFields(layer.operands, "an operand", TokenKind::RightParen, ")"))
    return false;
  return expect(TokenKind::Arrow, "'->' and the results of the layer") &&
         expect(TokenKind::LeftParen, "'(' and the results of the layer") &&
         parseFields(layer.results, "a result", TokenKind::RightParen, ")");
}

bool Parser::parseCell() {
  CellDecl cell;
  cell.doc = readDoc(token.doc);
  advance();
  bool hasHeader = parseCellHeader(cell);
  if (!hasHeader && !skipToBody())
    return false;
  bool hasBody = parseBody("cell", "a field", cell.body);
  if (hasHeader) {
    cell.length = previousEnd - cell.names.back().range.end;
    model.cells.push_back(std::move(cell));
  }
  return hasBody;
}

bool Parser::parseCellHeader(CellDecl &cell) {
  do {
    if (!parseName(cell.names.emplace_back(), "a cell"))
      return false;
  } while (consumeIf(TokenKind::Comma));
  if (!expect(TokenKind::LeftParen, "'(' and the operands of the cell"))
    return false;
  while (!token.is(TokenKind::RightParen)) {
    if (!parseOperand(cell.operands.emplace_back()))
      return false;
    if (!consumeIf(TokenKind::Comma))
      break;
  }
  return expect(TokenKind::RightParen, "',' or ')' after an operand") &&
         expect(TokenKind::Arrow, "'->' and the state that the cell yields") &&
         parseName(cell.result, "the state that the cell yields");
}

bool Parser::parseOperand(OperandDecl &operand) {
  if (!parseName(operand.name, "an operand") ||
      !expect(TokenKind::Colon, "':' and the type of the operand"))
    return false;
  if (token.is(TokenKind::LeftBracket)) {
    operand.kind = OperandDecl::Kind::Dense;
    return parseShape(operand.shape, "the shape of the operand");
  }
  if (consumeIf(TokenKind::TokenType)) {
    operand.kind = OperandDecl::Kind::Token;
    return parseShape(operand.shape, "'[' and the number of tokens");
  }
  operand.kind = OperandDecl::Kind::Node;
  if (!token.is(TokenKind::Name))
    return fail("a type: STATE, STATE*, STATE+, token[N] or [N]");
  if (!parseName(operand.state, "a state"))
    return false;
  bool isPlus = token.is(TokenKind::Plus);
  if (isPlus || token.is(TokenKind::Star)) {
    advance();
    operand.kind = OperandDecl::Kind::Nodes;
    operand.least = isPlus;
  }
  return true;
}

bool Parser::skipToBody() {
  while (!token.beginsDeclaration() && !token.is(TokenKind::LeftBrace) &&
         !token.is(TokenKind::End))
    advance();
  return token.is(TokenKind::LeftBrace);
}

bool Parser::parseBody(StringRef kind, StringRef member, Body &body) {
  SourceRange brace = token.range;
  if (!expect(TokenKind::LeftBrace, "'{' and the body of the " + kind))
    return false;
  auto endsStatement = [&] {
    return token.is(TokenKind::End) || token.is(TokenKind::RightBrace) ||
           token.beginsDeclaration() || beginsStatement();
  };
  while (!token.is(TokenKind::RightBrace)) {
    bool isParam = token.is(TokenKind::Param), isUse = token.is(TokenKind::Use);
    if (token.is(TokenKind::End) ||
        (token.beginsDeclaration() && !isParam && !isUse)) {
      fail("'}' to end the " + kind);
      reporter.note(brace, "the body begins here");
      return false;
    }
    bool isParsed = isParam ? parseParams(body.params)
                    : isUse ? parseUse(body.uses)
                            : parseStatement(body.statements, member);
    if (!isParsed || !expectLineEnd())
      while (!endsStatement())
        advance();
  }
  advance();
  return true;
}

bool Parser::beginsStatement() const {
  if (!token.startsLine || !token.is(TokenKind::Name))
    return token.startsLine && token.is(TokenKind::Let);
  Lexer ahead = lexer;
  Token next = ahead.next();
  while (next.is(TokenKind::Comma)) {
    next = ahead.next();
    if (!next.is(TokenKind::Name) || next.startsLine)
      return false;
    next = ahead.next();
  }
  return next.is(TokenKind::Equal);
}

bool Parser::parseStatement(std::vector<Statement> &statements,
                            StringRef member) {
  Statement statement;
  statement.isLet = consumeIf(TokenKind::Let);
  if (!statement.isLet && !token.is(TokenKind::Name)) {
    if (token.is(TokenKind::Invalid))
      return fail("");
    model.isIncomplete = true;
    reporter.error(token.range,
                   "expected 'param', 'use', 'let' or the name of {0}, found "
                   "'{1}'{2}",
                   member, token.text,
                   getPrecedence(token.kind) != 0
                       ? "; to go on with an expression on another line, end "
                         "the first with the operator"
                       : "");
    return false;
  }
  do {
    if (!parseName(statement.names.emplace_back(), "a value"))
      return false;
  } while (consumeIf(TokenKind::Comma));
  if (!expect(TokenKind::Equal, "'=' and an expression") ||
      !(statement.value = parseExpr()))
    return false;
  statements.push_back(std::move(statement));
  return true;
}

bool Parser::parseOutput() {
  advance();
  OutputDecl output;
  if (!parseName(output.name, "an output") ||
      !expect(TokenKind::Equal, "'=' and STATE.FIELD") ||
      !parseName(output.state, "a state") ||
      !expect(TokenKind::Dot, "'.' and the name of a field") ||
      !parseName(output.field, "a field"))
    return false;
  model.outputs.push_back(output);
  return true;
}

bool Parser::parseName(Name &name, const Twine &what) {
  if (!token.is(TokenKind::Name))
    return fail("the name of " + what);
  name = {token.text, token.range};
  advance();
  return true;
}

bool Parser::parseShape(Shape &shape, const Twine &what) {
  SaveAndRestore inBrackets(brackets, brackets + 1);
  uint32_t begin = token.range.begin;
  if (!token.is(TokenKind::LeftBracket))
    return fail(what);
  do {
    advance();
    const Expr *extent = parseExpr();
    if (!extent)
      return false;
    shape.extents.push_back(extent);
  } while (token.is(TokenKind::Comma));
  if (!expect(TokenKind::RightBracket, "',' or ']' after a dimension"))
    return false;
  shape.range = {begin, previousEnd};
  return true;
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

const Expr *Parser::makeExpr(Expr::Kind kind, SourceRange range, Name name,
                             ArrayRef<const Expr *> operands, Name base,
                             Name variable) {
  unsigned depth = 1;
  for (const Expr *operand : operands)
    depth = std::max(depth, operand->depth + 1);
  if (depth > maxExprDepth) {
    failTooDeep(range);
    return nullptr;
  }
  return new (model.exprs) Expr{
      kind, depth, range, name, base, variable, operands.copy(model.exprs)};
}

const Expr *Parser::parseExpr(unsigned minPrecedence) {
  const Expr *left = parseUnary();
  while (left) {
    unsigned precedence = getPrecedence(token.kind);
    if (precedence < minPrecedence || !continues())
      break;
    Name op = {token.text, token.range};
    advance();
    const Expr *right = parseExpr(precedence + 1);
    if (!right)
      return nullptr;
    left = makeExpr(Expr::Kind::Binary,
                    {left->range.begin, right->range.end, op.range.begin}, op,
                    {left, right});
  }
  return left;
}

const Expr *Parser::parseUnary() {
  SaveAndRestore deeper(nesting, nesting + 1);
  if (nesting > maxExprDepth) {
    failTooDeep(token.range);
    return nullptr;
  }
  if (!token.is(TokenKind::Minus))
    return parsePostfix();
  Name op = {token.text, token.range};
  advance();
  const Expr *operand = parseUnary();
  if (!operand)
    return nullptr;
  return makeExpr(Expr::Kind::Negate, {op.range.begin, operand->range.end}, op,
                  {operand});
}

const Expr *Parser::parsePostfix() {
  const Expr *expr = parsePrimary();
  while (expr && token.is(TokenKind::LeftBracket) && continues())
    expr = parseIndex(expr);
  return expr;
}

const Expr *Parser::parseIndex(const Expr *base) {
  SaveAndRestore inBrackets(brackets, brackets + 1);
  advance();
  const Expr *first = parseExpr();
  if (!first)
    return nullptr;
  bool isLookup = base->kind == Expr::Kind::Name && !token.is(TokenKind::Colon);
  if (isLookup) {
    if (!expect(TokenKind::RightBracket, "']' to end the lookup"))
      return nullptr;
    return makeExpr(Expr::Kind::Lookup, {base->range.begin, previousEnd},
                    base->name, {first});
  }
  if (!expect(TokenKind::Colon, "':' and the end of the slice"))
    return nullptr;
  const Expr *end = parseExpr();
  if (!end || !expect(TokenKind::RightBracket, "']' to end the slice"))
    return nullptr;
  return makeExpr(Expr::Kind::Slice, {base->range.begin, previousEnd}, {},
                  {base, first, end});
}

const Expr *Parser::parsePrimary() {
  SourceRange place = token.range;
  if (token.is(TokenKind::Name) && !beginsStatement())
    return parseNamed();
  if (token.is(TokenKind::Number)) {
    Name literal = {token.text, place};
    advance();
    return makeExpr(Expr::Kind::Number, place, literal);
  }
  SaveAndRestore inBrackets(brackets, brackets + 1);
  if (consumeIf(TokenKind::LeftParen)) {
    const Expr *inner = parseExpr();
    if (!inner || !expect(TokenKind::RightParen, "')' to end the parenthesis"))
      return nullptr;
    return inner;
  }
  if (token.is(TokenKind::LeftBracket)) {
    SmallVector<const Expr *> parts;
    do {
      advance();
      parts.push_back(parseExpr());
      if (!parts.back())
        return nullptr;
    } while (token.is(TokenKind::Semicolon));
    if (!expect(
            parts.size() == 1 ? TokenKind::Semicolon : TokenKind::RightBracket,
            parts.size() == 1 ? "';' and another part of the concatenation"
                              : "';' or ']' after a part of the concatenation"))
      return nullptr;
    return makeExpr(Expr::Kind::Concat, {place.begin, previousEnd}, {}, parts);
  }
  fail("an expression");
  return nullptr;
}

const Expr *Parser::parseNamed() {
  Name name = {token.text, token.range};
  advance();
  if (continues() && consumeIf(TokenKind::Dot)) {
    Name field;
    if (!parseName(field, "a field"))
      return nullptr;
    return makeExpr(Expr::Kind::Field, {name.range.begin, previousEnd}, field,
                    {}, name);
  }
  if (continues() && token.is(TokenKind::LeftParen))
    return parseCall(name);
  return makeExpr(Expr::Kind::Name, name.range, name);
}

const Expr *Parser::parseCall(const Name &name) {
  SaveAndRestore inBrackets(brackets, brackets + 1);
  advance();
  Lexer ahead = lexer;
  if (token.is(TokenKind::Name) && ahead.next().is(TokenKind::In))
    return parseReduction(name);
  SmallVector<const Expr *> arguments;
  if (!token.is(TokenKind::RightParen)) {
    do {
      arguments.push_back(parseExpr());
      if (!arguments.back())
        return nullptr;
    } while (consumeIf(TokenKind::Comma));
  }
  if (!expect(TokenKind::RightParen, "',' or ')' after an argument"))
    return nullptr;
  return makeExpr(Expr::Kind::Call, {name.range.begin, previousEnd}, name,
                  arguments);
}

const Expr *Parser::parseReduction(const Name &name) {
  Name variable, list;
  if (!parseName(variable, "a node") || !expect(TokenKind::In, "'in'") ||
      !parseName(list, "a list of nodes") ||
      !expect(TokenKind::Colon, "':' and an expression"))
    return nullptr;
  const Expr *element = parseExpr();
  if (!element || !expect(TokenKind::RightParen, "')' to end the reduction"))
    return nullptr;
  return makeExpr(Expr::Kind::Reduce, {name.range.begin, previousEnd}, name,
                  {element}, list, variable);
}

void parseModel(const SourceFile &file, ModelFile &model,
                Diagnostics &diagnostics) {
  Parser(model, {file, diagnostics}).parse();
}

} // namespace edbc::frontend
