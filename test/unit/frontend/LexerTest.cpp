//===- LexerTest.cpp - tests of the lexer -----------------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Frontend/Lexer.h"

#include "gtest/gtest.h"

using namespace edbc::frontend;

namespace {

/// All tokens of a text but the last, End.
std::vector<Token> lex(llvm::StringRef text) {
  Lexer lexer(text);
  std::vector<Token> tokens;
  for (Token token = lexer.next(); !token.is(TokenKind::End);
       token = lexer.next())
    tokens.push_back(token);
  return tokens;
}

TEST(Lexer, KindsOfTokens) {
  std::vector<TokenKind> kinds;
  for (const Token &token :
       lex("network dim param state cell output let token in x_1 12 "
           "( ) [ ] { } , ; : . = + * / @ - ->"))
    kinds.push_back(token.kind);
  std::vector<TokenKind> expected = {
      TokenKind::Network,    TokenKind::Dim,         TokenKind::Param,
      TokenKind::State,      TokenKind::Cell,        TokenKind::Output,
      TokenKind::Let,        TokenKind::TokenType,   TokenKind::In,
      TokenKind::Name,       TokenKind::Number,      TokenKind::LeftParen,
      TokenKind::RightParen, TokenKind::LeftBracket, TokenKind::RightBracket,
      TokenKind::LeftBrace,  TokenKind::RightBrace,  TokenKind::Comma,
      TokenKind::Semicolon,  TokenKind::Colon,       TokenKind::Dot,
      TokenKind::Equal,      TokenKind::Plus,        TokenKind::Star,
      TokenKind::Slash,      TokenKind::At,          TokenKind::Minus,
      TokenKind::Arrow};
  EXPECT_EQ(kinds, expected);
}

TEST(Lexer, NumbersEndWhereTheyShould) {
  for (const char *number : {"0", "128", "1.5", "1e5", "1E-5", "2.5e+10"}) {
    std::vector<Token> tokens = lex(number);
    ASSERT_EQ(tokens.size(), 1u) << number;
    EXPECT_TRUE(tokens[0].is(TokenKind::Number)) << number;
  }
  // A point without digits after it belongs to what follows.
  ASSERT_EQ(lex("1.").size(), 2u);
  EXPECT_EQ(lex("1.")[0].text, "1");
}

TEST(Lexer, InvalidTokensSayWhy) {
  auto problem = [](const std::string &text) {
    std::vector<Token> tokens = lex(text);
    return tokens.size() == 1 && tokens[0].is(TokenKind::Invalid)
               ? tokens[0].problem.str()
               : "";
  };
  EXPECT_EQ(problem("?"), "unexpected character");
  EXPECT_EQ(problem("\xC3\xA9"), "unexpected character");
  EXPECT_EQ(problem("_x"), ""); // two tokens
  EXPECT_EQ(problem("2x"), "malformed number or name that begins with a digit");
  EXPECT_EQ(problem("1e"), "malformed number or name that begins with a digit");
  EXPECT_EQ(problem(std::string(maxTokenLength, 'x')), "");
  EXPECT_EQ(problem(std::string(maxTokenLength + 1, 'x')),
            "name is longer than 128 characters");
  EXPECT_EQ(problem(std::string(maxTokenLength + 1, '1')),
            "number is longer than 128 characters");
}

TEST(Lexer, MarksLineBegins) {
  std::vector<Token> tokens = lex("a b // c\n\t d\r\ne");
  ASSERT_EQ(tokens.size(), 4u);
  EXPECT_TRUE(tokens[0].startsLine);
  EXPECT_FALSE(tokens[1].startsLine);
  EXPECT_TRUE(tokens[2].startsLine);
  EXPECT_TRUE(tokens[3].startsLine);
  EXPECT_EQ(tokens[3].range.begin, 14u);
  EXPECT_EQ(tokens[3].range.end, 15u);
}

TEST(Lexer, KeepsDocComments) {
  std::vector<Token> tokens =
      lex("// plain\n/// one\n// between\n/// two\na\n//// ornament\nb");
  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].doc, "/// one\n// between\n/// two");
  EXPECT_EQ(tokens[1].doc, "");
}

TEST(Lexer, EndComesAgain) {
  Lexer lexer("x // to the end");
  lexer.next();
  EXPECT_TRUE(lexer.next().is(TokenKind::End));
  EXPECT_TRUE(lexer.next().is(TokenKind::End));
}

} // namespace
