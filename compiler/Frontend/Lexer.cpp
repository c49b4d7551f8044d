//===- Lexer.cpp - the tokens of a model file -------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Lexer.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace edbc::frontend {

static bool isWordCharacter(char c) { return isAlnum(c) || c == '_'; }

Token Lexer::next() {
  Token token;
  skipBlanks(token);
  size_t begin = position;
  if (begin == text.size())
    token.kind = TokenKind::End;
  else if (isAlpha(peek()))
    token.kind = lexWord(token);
  else if (isDigit(peek()))
    token.kind = lexNumber(token);
  else
    token.kind = lexPunctuation(token);
  token.range = {uint32_t(begin), uint32_t(position)};
  token.text = text.slice(begin, position);
  return token;
}

void Lexer::skipBlanks(Token &token) {
  token.startsLine = position == 0;
  size_t docBegin = StringRef::npos;
  for (; position < text.size(); ++position) {
    StringRef rest = text.substr(position);
    if (rest.starts_with("//")) {
      size_t end = std::min(text.find('\n', position), text.size());
      // A line of many slashes is an ornament.
      if (rest.starts_with("///") && !rest.starts_with("////"))
        docBegin = std::min(docBegin, position);
      position = end;
      if (docBegin != StringRef::npos)
        token.doc = text.slice(docBegin, end);
    }
    if (peek() == '\n')
      token.startsLine = true;
    else if (!is_contained(" \t\r", peek()) || position == text.size())
      return;
  }
}

TokenKind Lexer::lexWord(Token &token) {
  size_t begin = position;
  while (isWordCharacter(peek()))
    ++position;
  StringRef word = text.slice(begin, position);
  if (word.size() > maxTokenLength) {
    token.problem = "name is longer than 128 characters";
    return TokenKind::Invalid;
  }
  return StringSwitch<TokenKind>(word)
      .Case("network", TokenKind::Network)
      .Case("dim", TokenKind::Dim)
      .Case("param", TokenKind::Param)
      .Case("layer", TokenKind::Layer)
      .Case("use", TokenKind::Use)
      .Case("state", TokenKind::State)
      .Case("cell", TokenKind::Cell)
      .Case("output", TokenKind::Output)
      .Case("let", TokenKind::Let)
      .Case("token", TokenKind::TokenType)
      .Case("in", TokenKind::In)
      .Default(TokenKind::Name);
}

TokenKind Lexer::lexNumber(Token &token) {
  size_t begin = position;
  auto skipDigits = [&] {
    while (isDigit(peek()))
      ++position;
  };
  skipDigits();
  if (peek() == '.' && isDigit(peek(1))) {
    ++position;
    skipDigits();
  }
  if (peek() == 'e' || peek() == 'E') {
    size_t sign = peek(1) == '+' || peek(1) == '-';
    if (isDigit(peek(1 + sign))) {
      position += 1 + sign;
      skipDigits();
    }
  }
  if (isWordCharacter(peek())) {
    while (isWordCharacter(peek()))
      ++position;
    token.problem = "malformed number or name that begins with a digit";
    return TokenKind::Invalid;
  }
  if (position - begin > maxTokenLength) {
    token.problem = "number is longer than 128 characters";
    return TokenKind::Invalid;
  }
  return TokenKind::Number;
}

TokenKind Lexer::lexPunctuation(Token &token) {
  // In the order of the enumerators from LeftParen to Minus.
  constexpr StringLiteral signs = "()[]{},;:.=+*/@-";
  size_t index = signs.find(text[position++]);
  if (index != StringRef::npos) {
    auto kind = TokenKind(unsigned(TokenKind::LeftParen) + index);
    if (kind != TokenKind::Minus || peek() != '>')
      return kind;
    ++position;
    return TokenKind::Arrow;
  }
  // Take all bytes of a UTF-8 sequence, so that it can be shown.
  while ((peek() & 0xC0) == 0x80)
    ++position;
  token.problem = "unexpected character";
  return TokenKind::Invalid;
}

} // namespace edbc::frontend
