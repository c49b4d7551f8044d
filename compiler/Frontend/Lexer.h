//===- Lexer.h - the tokens of a model file ---------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#ifndef EDBC_COMPILER_FRONTEND_LEXER_H
#define EDBC_COMPILER_FRONTEND_LEXER_H

#include "compiler/Frontend/Diagnostics.h"

namespace edbc::frontend {

/// Names and numbers longer than this are errors.
inline constexpr unsigned maxTokenLength = 128;

enum class TokenKind {
  End,
  Invalid,
  Name,
  Number,
  // The words that can't be names. Those up to Output begin a declaration.
  Network,
  Dim,
  Param,
  Layer,
  Use,
  State,
  Cell,
  Output,
  Let,
  TokenType,
  In,
  LeftParen,
  RightParen,
  LeftBracket,
  RightBracket,
  LeftBrace,
  RightBrace,
  Comma,
  Semicolon,
  Colon,
  Dot,
  Equal,
  Plus,
  Star,
  Slash,
  At,
  Minus,
  Arrow,
};

struct Token {
  TokenKind kind = TokenKind::End;
  /// No other token stands before it on its line.
  bool startsLine = true;
  SourceRange range;
  llvm::StringRef text;
  /// From the first `///` to the end of the last comment before this token;
  /// empty where there is none.
  llvm::StringRef doc;
  /// Of an Invalid token: what is wrong with it.
  llvm::StringRef problem;

  bool is(TokenKind other) const { return kind == other; }
  bool beginsDeclaration() const {
    return startsLine && kind >= TokenKind::Network &&
           kind <= TokenKind::Output;
  }
};

/// Splits a text into tokens, one at a time. A lexer is a position in a text:
/// copies of it go on by themselves.
class Lexer {
public:
  explicit Lexer(llvm::StringRef text) : text(text) {}

  /// The next token; at the end of the text End, again and again.
  Token next();

private:
  /// Moves to the next token and notes in `token` what lies before it.
  void skipBlanks(Token &token);
  TokenKind lexWord(Token &token);
  TokenKind lexNumber(Token &token);
  TokenKind lexPunctuation(Token &token);
  char peek(size_t ahead = 0) const {
    return position + ahead < text.size() ? text[position + ahead] : '\0';
  }

  llvm::StringRef text;
  size_t position = 0;
};

} // namespace edbc::frontend

#endif // EDBC_COMPILER_FRONTEND_LEXER_H
