//===- WeightsTest.cpp - tests of weights files ----------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Safetensors.h"
#include "test/unit/runtime/TestKernels.h"
#include "test/unit/runtime/TestNetwork.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace test_network;

namespace {

/// A file with three parameters in a network of their own, changed at will.
///
///     a: vector of 3    b: 2 x 2    c: 1 x 1 x 5
class WeightsTest : public testing::Test {
protected:
  WeightsTest()
      : path(testing::TempDir() + "edbc-weights-" +
             testing::UnitTest::GetInstance()->current_test_info()->name() +
             ".safetensors") {
    library = edbc_library_test_network;
    library.name = "small";
    library.params = params;
    library.num_params = 3;
    library.constants = constants;
    library.num_constants = 0;
    library.cells = nullptr;
    library.num_cells = library.num_tables = library.num_states = 0;
  }
  ~WeightsTest() override { std::remove(path.c_str()); }

  void writeBytes(const std::string &bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  /// Writes a header before `dataSize` bytes of data.
  void write(const std::string &header, size_t dataSize = 48) {
    std::string bytes(8, '\0');
    for (size_t i = 0; i < 8; ++i)
      bytes[i] = static_cast<char>(uint64_t(header.size()) >> (8 * i));
    writeBytes(bytes + header + std::string(dataSize, '\0'));
  }

  /// The error with which the file is refused, without its path.
  std::string message() {
    edbc_model_options options = {};
    options.weights_path = path.c_str();
    edbc_model *model = nullptr;
    edbc_error error;
    status = edbc_model_create(&library, &options, &model, &error);
    if (status == EDBC_OK) {
      edbc_model_destroy(model);
      return "no error";
    }
    EXPECT_FALSE(model);
    std::string text = error.message;
    EXPECT_EQ(text.compare(0, path.size() + 2, path + ": "), 0) << text;
    return text.substr(std::min(text.size(), path.size() + 2));
  }

  std::string messageFor(const std::string &header, size_t dataSize = 48) {
    write(header, dataSize);
    return message();
  }

  /// The message for a header that isn't JSON of the right kind.
  std::string syntaxMessage(const std::string &header) {
    std::string text = messageFor(header);
    EXPECT_EQ(status, EDBC_BAD_FORMAT);
    return text;
  }

  static std::string tensor(const char *name, const char *shape, int begin,
                            int end, const char *dtype = "F32") {
    return std::string("\"") + name + "\":{\"dtype\":\"" + dtype +
           "\",\"shape\":" + shape + ",\"data_offsets\":[" +
           std::to_string(begin) + "," + std::to_string(end) + "]}";
  }

  const std::string a = tensor("a", "[3]", 0, 12);
  const std::string b = tensor("b", "[2,2]", 12, 28);
  const std::string c = tensor("c", "[1,1,5]", 28, 48);

  edbc_param_desc params[3] = {{"a", 1, 1, 1, 3, nullptr},
                               {"b", 2, 1, 2, 2, nullptr},
                               {"c", 3, 1, 1, 5, nullptr}};
  edbc_constant_desc constants[1] = {};
  edbc_library library;
  std::string path;
  edbc_status status = EDBC_OK;
};

} // namespace

TEST_F(WeightsTest, ReadsGoodFiles) {
  EXPECT_EQ(messageFor("{" + a + "," + b + "," + c + "}"), "no error");
  // In any order, with metadata and white space.
  EXPECT_EQ(messageFor("{ \"__metadata__\" : {\"format\":\"pt\", \"x\\n\":\"\"}"
                       " ,\n" +
                       c + "\t," + a + ",\r\n" + b + "}   "),
            "no error");
  EXPECT_EQ(messageFor("{\"__metadata__\":{}," + c + "," + a + "," + b + "}"),
            "no error");
  // Names may be escaped.
  std::string escaped = a;
  escaped.replace(1, 1, "\\u0061");
  EXPECT_EQ(messageFor("{" + escaped + "," + b + "," + c + "}"), "no error");
}

TEST_F(WeightsTest, FilesThatCannotBeRead) {
  EXPECT_EQ(message(), "No such file or directory");
  EXPECT_EQ(status, EDBC_IO_ERROR);
  std::string file = path;
  path = testing::TempDir();
  EXPECT_EQ(message(), "Is a directory");
  EXPECT_EQ(status, EDBC_IO_ERROR);
  path = file;
}

TEST_F(WeightsTest, TruncatedFiles) {
  writeBytes("");
  EXPECT_EQ(message(), "the file is truncated: it has 0 bytes, and the length "
                       "of the header alone takes 8");
  EXPECT_EQ(status, EDBC_BAD_FORMAT);
  writeBytes("1234567");
  EXPECT_EQ(message(), "the file is truncated: it has 7 bytes, and the length "
                       "of the header alone takes 8");
  writeBytes(std::string("\x10\0\0\0\0\0\0\0{}", 10));
  EXPECT_EQ(message(), "the file is truncated or no safetensors file: its "
                       "header should have 16 bytes, but only 2 follow");
  writeBytes("\xff\xff\xff\xff\xff\xff\xff\xff{}");
  EXPECT_EQ(message(),
            "the file is truncated or no safetensors file: its header should "
            "have 18446744073709551615 bytes, but only 2 follow");
  EXPECT_EQ(messageFor("{" + a + "," + b + "," + c + "}", 47),
            "tensor 'c' ends at byte 48 of the data, of which the file has "
            "only 47");
}

TEST_F(WeightsTest, HeaderBeyondTheFormatsLimit) {
  writeBytes(std::string("\x01\xE1\xF5\x05\0\0\0\0", 8));
  std::filesystem::resize_file(path, 8 + 100000001); // Takes no space on disk.
  EXPECT_EQ(message(),
            "the header has 100000001 bytes; the format allows 100000000");
  EXPECT_EQ(status, EDBC_BAD_FORMAT);
}

TEST_F(WeightsTest, BadJson) {
  EXPECT_EQ(syntaxMessage(""), "header, byte 8: expected '{'");
  EXPECT_EQ(syntaxMessage("[]"), "header, byte 8: expected '{'");
  EXPECT_EQ(syntaxMessage("{"), "header, byte 9: expected '\"'");
  EXPECT_EQ(syntaxMessage("{,}"), "header, byte 9: expected '\"'");
  EXPECT_EQ(syntaxMessage("{" + a), "header, byte 62: expected ',' or '}'");
  EXPECT_EQ(syntaxMessage("{" + a + ",}"), "header, byte 63: expected '\"'");
  EXPECT_EQ(syntaxMessage("{} x"), "header, byte 11: expected the end");
  EXPECT_EQ(syntaxMessage("{\"a\" 1}"), "header, byte 13: expected ':'");
  EXPECT_EQ(syntaxMessage("{\"a\":1}"), "header, byte 13: expected '{'");
  EXPECT_EQ(syntaxMessage("{\"a\":{\"dtype\":1}}"),
            "header, byte 22: expected '\"'");
  EXPECT_EQ(syntaxMessage("{\"a\":{\"type\":1}}"),
            "header, byte 14: expected dtype, shape or data_offsets");
  EXPECT_EQ(syntaxMessage("{\"a\":{\"dtype\":\"F32\"}}"),
            "header, byte 9: a tensor needs dtype, shape and data_offsets");
  EXPECT_EQ(syntaxMessage("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"),
            "header, byte 28: a second value for the same key");
  EXPECT_EQ(syntaxMessage("{\"__metadata__\":{\"a\":1}}"),
            "header, byte 29: expected '\"'");
  EXPECT_EQ(syntaxMessage("{" + a + "," + a + "}"),
            "header, byte 63: a second tensor with the same name");
}

TEST_F(WeightsTest, BadNumbers) {
  auto withShape = [&](const char *shape) {
    return syntaxMessage("{\"a\":{\"shape\":" + std::string(shape) + "}}");
  };
  EXPECT_EQ(withShape("3"), "header, byte 22: expected '['");
  EXPECT_EQ(withShape("[3"), "header, byte 24: expected ',' or ']'");
  EXPECT_EQ(withShape("[3 4]"), "header, byte 25: expected ',' or ']'");
  EXPECT_EQ(withShape("[3,]"),
            "header, byte 25: expected a non-negative integer");
  EXPECT_EQ(withShape("[-3]"),
            "header, byte 23: expected a non-negative integer");
  EXPECT_EQ(withShape("[3.5]"), "header, byte 24: expected ',' or ']'");
  EXPECT_EQ(withShape("[03]"),
            "header, byte 23: a number must not begin with 0");
  EXPECT_EQ(withShape("[18446744073709551616]"),
            "header, byte 23: a number beyond 64 bits");
  EXPECT_EQ(syntaxMessage("{\"a\":{\"data_offsets\":[0,1,2]}}"),
            "header, byte 14: data_offsets are two numbers");
}

TEST_F(WeightsTest, BadStrings) {
  EXPECT_EQ(syntaxMessage("{\"a"), "header, byte 11: expected '\"'");
  EXPECT_EQ(syntaxMessage("{\"a\n\""),
            "header, byte 11: a control character in a string");
  EXPECT_EQ(syntaxMessage("{\"a\xff\""), "header, byte 11: not UTF-8");
  EXPECT_EQ(syntaxMessage("{\"a\xc3"), "header, byte 11: not UTF-8");
  EXPECT_EQ(syntaxMessage("{\"a\xed\xa0\x80\""), "header, byte 11: not UTF-8");
  EXPECT_EQ(syntaxMessage("{\"\\x\""), "header, byte 10: unknown escape");
  EXPECT_EQ(syntaxMessage("{\"\\"), "header, byte 10: unknown escape");
  EXPECT_EQ(syntaxMessage("{\"\\u12g4\""),
            "header, byte 10: expected four hexadecimal digits");
  EXPECT_EQ(syntaxMessage("{\"\\u12"),
            "header, byte 10: expected four hexadecimal digits");
  for (const char *half : {"\\ud800\"", "\\udc00\"", "\\ud800\\u0041\"",
                           "\\ud800\\n\"", "\\ud800"})
    EXPECT_EQ(syntaxMessage(std::string("{\"") + half),
              "header, byte 10: half a surrogate pair");
}

TEST_F(WeightsTest, WrongTensors) {
  EXPECT_EQ(messageFor("{}", 0),
            "missing tensors of network 'small': 'a', 'b', 'c'");
  EXPECT_EQ(status, EDBC_BAD_FORMAT);
  EXPECT_EQ(messageFor("{" + a + "," + c + "}"),
            "missing tensors of network 'small': 'b'");
  std::string d = tensor("\\u00e9\\ud83d\\ude00\\n", "[1]", 48, 52);
  std::string e = tensor("Z", "[1]", 52, 56);
  EXPECT_EQ(messageFor("{" + a + "," + b + "," + c + "," + d + "," + e + "}"),
            "tensors that network 'small' doesn't have: 'Z', "
            "'\xc3\xa9\xf0\x9f\x98\x80?'");
}

TEST_F(WeightsTest, WrongShapesAndTypes) {
  EXPECT_EQ(messageFor("{" + tensor("a", "[3]", 0, 6, "F16") + "," + b + "," +
                       c + "}"),
            "tensor 'a' has dtype F16, expected F32");
  EXPECT_EQ(status, EDBC_BAD_FORMAT);
  EXPECT_EQ(
      messageFor("{" + tensor("a", "[1,3]", 0, 12) + "," + b + "," + c + "}"),
      "tensor 'a' has shape [1, 3], expected [3]");
  EXPECT_EQ(
      messageFor("{" + a + "," + tensor("b", "[]", 12, 28) + "," + c + "}"),
      "tensor 'b' has shape [], expected [2, 2]");
  EXPECT_EQ(
      messageFor("{" + a + "," + tensor("b", "[2,3]", 12, 36) + "," + c + "}"),
      "tensor 'b' has shape [2, 3], expected [2, 2]");
  EXPECT_EQ(
      messageFor("{" + a + "," + b + "," + tensor("c", "[5]", 28, 48) + "}"),
      "tensor 'c' has shape [5], expected [1, 1, 5]");
  EXPECT_EQ(messageFor("{" + a + "," + b + "," +
                       tensor("c", "[1,5,1]", 28, 48) + "}"),
            "tensor 'c' has shape [1, 5, 1], expected [1, 1, 5]");
}

TEST_F(WeightsTest, WrongOffsets) {
  EXPECT_EQ(
      messageFor("{" + tensor("a", "[3]", 0, 8) + "," + b + "," + c + "}"),
      "tensor 'a' has data_offsets [0, 8], but its shape [3] takes 12 "
      "bytes");
  EXPECT_EQ(
      messageFor("{" + tensor("a", "[3]", 12, 0) + "," + b + "," + c + "}"),
      "tensor 'a' has data_offsets [12, 0], but its shape [3] takes 12 "
      "bytes");
  EXPECT_EQ(
      messageFor("{" + a + "," + tensor("b", "[2,2]", 40, 56) + "," + c + "}"),
      "tensor 'b' ends at byte 56 of the data, of which the file has "
      "only 48");
  EXPECT_EQ(
      messageFor("{" + a + "," + tensor("b", "[2,2]", 8, 24) + "," + c + "}"),
      "the data of tensors 'a' and 'b' overlap");
  EXPECT_EQ(messageFor("{" + a + "," + tensor("b", "[2,2]", 16, 32) + "," +
                           tensor("c", "[1,1,5]", 32, 52) + "}",
                       52),
            "bytes 12 to 16 of the data, before tensor 'b', belong to no "
            "tensor");
  EXPECT_EQ(messageFor("{" + a + "," + b + "," + c + "}", 50),
            "the last 2 bytes belong to no tensor");
}

/// Parameters that aren't read at one go: because of their rows (a), of their
/// columns (c), not at all (b). The file has them in the order c, a, b.
class LargeWeightsTest : public WeightsTest {
protected:
  LargeWeightsTest() {
    params[0] = {"a", 2, 1, 300, 1000, nullptr};
    params[1] = {"b", 1, 1, 1, 100000, nullptr};
    params[2] = {"c", 3, 3, 15, 5000, nullptr};
    // Bytes 0 to 900000, 900000 to 2100000, 2100000 to 2500000.
    write("{" + tensor("a", "[300,1000]", 900000, 2100000) + "," +
              tensor("b", "[100000]", 2100000, 2500000) + "," +
              tensor("c", "[3,15,5000]", 0, 900000) + "}",
          0);
    std::ofstream stream(path, std::ios::binary | std::ios::app);
    for (uint32_t i = 0; i < 625000; ++i) {
      float value = static_cast<float>(i);
      stream.write(reinterpret_cast<const char *>(&value), sizeof(value));
    }
  }
};

TEST_F(LargeWeightsTest, ComeInPieces) {
  std::vector<float> values;
  size_t numRows[3] = {0, 0, 0}, numPieces[3] = {0, 0, 0};
  auto take = [&](uint32_t param, size_t firstRow, size_t count,
                  const float *rows) {
    EXPECT_EQ(firstRow, numRows[param]);
    EXPECT_EQ(firstRow % EDBC_LANES, 0u);
    numRows[param] += count;
    ++numPieces[param];
    values.insert(values.end(), rows, rows + count * params[param].columns);
  };
  edbc_error error;
  ASSERT_EQ(edbc::readSafetensors(path.c_str(), library, take, &error), EDBC_OK)
      << error.message;
  EXPECT_THAT(numRows, testing::ElementsAre(300, 1, 45));
  EXPECT_GT(numPieces[0], 1u);
  EXPECT_EQ(numPieces[1], 1u);
  EXPECT_GT(numPieces[2], 1u);
  ASSERT_EQ(values.size(), 625000u);
  for (uint32_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i], static_cast<float>(i));
}

TEST_F(LargeWeightsTest, MayBecomeShorterMeanwhile) {
  uint32_t numPieces = 0;
  auto take = [&](uint32_t, size_t, size_t, const float *) {
    ++numPieces;
    std::filesystem::resize_file(path, 1000000);
  };
  edbc_error error;
  EXPECT_EQ(edbc::readSafetensors(path.c_str(), library, take, &error),
            EDBC_BAD_FORMAT);
  EXPECT_EQ(error.message,
            path + ": the file became shorter while it was read");
  EXPECT_GT(numPieces, 0u);
}

TEST_F(WeightsTest, LongMessagesAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 600; ++i)
    name += "\xc3\xa9";
  params[0].name = name.c_str();
  std::string text = messageFor("{" + a + "," + b + "," + c + "}");
  EXPECT_EQ(path.size() + 2 + text.size(), sizeof(edbc_error::message) - 1);
  // The cut may have gone through a character; then a '?' stands there.
  std::string end = text.substr(text.size() - 2);
  EXPECT_TRUE(end == "\xc3\xa9" || end[1] == '?') << text;
}

TEST(WeightsFileTest, ValuesAreThoseOfTheFile) {
  // The embedded weights, times 2, behind a header of odd length.
  const edbc_library &library = edbc_library_test_network;
  std::string header = "{", data;
  for (uint32_t i = library.num_params; i-- > 0;) {
    const edbc_param_desc &param = library.params[i];
    size_t begin = data.size();
    for (uint32_t j = 0; j < param.matrices * param.rows * param.columns; ++j) {
      float value = 2 * param.data[j];
      char bytes[sizeof(float)];
      std::memcpy(bytes, &value, sizeof(value));
      data.append(bytes, sizeof(bytes));
    }
    header += std::string(header.size() > 1 ? "," : "") + "\"" + param.name +
              "\":{\"shape\":[" +
              (param.rank == 3 ? std::to_string(param.matrices) + "," : "") +
              (param.rank >= 2 ? std::to_string(param.rows) + "," : "") +
              std::to_string(param.columns) +
              "],\"dtype\":\"F32\",\"data_offsets\":[" + std::to_string(begin) +
              "," + std::to_string(data.size()) + "]}";
  }
  header += header.size() % 2 == 0 ? "}" : " }";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes[1] = static_cast<char>(header.size() >> 8);
  std::string path = testing::TempDir() + "edbc-weights-values.safetensors";
  std::ofstream(path, std::ios::binary) << bytes << header << data;

  Model model(path);
  std::remove(path.c_str());
  Session session(model);
  Node leaf = session.leaf(77);
  Score score = session.score(leaf);
  Table table = session.table(3);
  session.run();
  Values expected = leafValues(77);
  std::vector<float> logits = scoreValues(expected);
  for (uint32_t j = 0; j < Model::hidden; ++j)
    EXPECT_EQ(session.hidden(leaf)[j], 2 * expected.h[j]);
  for (uint32_t j = 0; j < Model::labels; ++j)
    EXPECT_EQ(session.logits(score)[j], 4 * logits[j]);
  TableElements elements = tableValues(3);
  for (uint32_t j = 0; j < elements.size(); ++j)
    EXPECT_EQ(session.matrix(table)(j % Model::hidden, j / Model::hidden),
              2 * elements[j]);
}
