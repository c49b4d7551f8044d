//===- RecordingTest.cpp - tests of recorded graphs ------------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "test/unit/runtime/RandomGraphs.h"
#include "test/unit/runtime/TestNetwork.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>
#include <sys/stat.h>

using namespace test_network;
namespace fs = std::filesystem;

namespace {

/// In a folder of its own, to see that no temporary file remains.
class RecordingTest : public testing::Test {
protected:
  RecordingTest() {
    std::string pattern = testing::TempDir() + "edbc-recording-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~RecordingTest() override { fs::remove_all(folder); }

  std::string path(const char *name) const { return folder + "/" + name; }

  static std::string contents(const std::string &path) {
    std::stringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }

  size_t numFiles() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder),
                                             fs::directory_iterator()));
  }

  std::string folder;
  Model model;
  Session session{model};
};

} // namespace

TEST_F(RecordingTest, WritesInstances) {
  // Nodes before the first beginInstance are an instance; empty ones are none.
  Node a = session.leaf(17), b = session.leaf(4);
  session.score(session.inner(a, b));
  session.beginInstance();
  session.beginInstance();
  Node start = session.start();
  session.run();
  const float x[] = {0.1f, -2, 1e30f};
  session.inner(session.mark(start, {x, 3}), start);
  session.beginInstance();
  session.saveGraphs(path("graphs"));
  EXPECT_EQ(contents(path("graphs")), "edbc-graphs 1 test_network\n"
                                      "\n"
                                      "instance\n"
                                      "leaf 17\n"
                                      "leaf 4\n"
                                      "inner 0 1\n"
                                      "score 2\n"
                                      "\n"
                                      "instance\n"
                                      "start\n"
                                      "run\n"
                                      "mark 0 [0.1 -2 1e+30]\n"
                                      "inner 1 0\n");
  EXPECT_EQ(numFiles(), 1u);
}

TEST_F(RecordingTest, WritesElements) {
  Node a = session.leaf(1), b = session.leaf(2);
  session.beginInstance();
  Node c = session.leaf(3), d = session.leaf(4);
  session.join(d, std::vector<Node>{c, d, c}, {});
  session.resumeInstance(0);
  session.join(a, std::vector<Node>{b}, std::vector<Node>{a, b});
  session.total({});
  session.saveGraphs(path("graphs"));
  EXPECT_EQ(contents(path("graphs")), "edbc-graphs 1 test_network\n"
                                      "\n"
                                      "instance\n"
                                      "leaf 1\n"
                                      "leaf 2\n"
                                      "join 0 [1] [0 1]\n"
                                      "total []\n"
                                      "\n"
                                      "instance\n"
                                      "leaf 3\n"
                                      "leaf 4\n"
                                      "join 1 [0 1 0] []\n");
}

TEST_F(RecordingTest, WritesRuns) {
  // Instance 0 grows in runs 0, 1 and 3, instance 1 in runs 1 and 2.
  Node a = session.leaf(1);
  session.run();
  Node b = session.leaf(2);
  session.beginInstance();
  Node c = session.leaf(3);
  session.resumeInstance(0);
  Node d = session.inner(a, b);
  session.run();
  session.resumeInstance(1);
  session.score(c);
  session.run();
  session.dropInstance(1);
  session.resumeInstance(0);
  session.score(d);
  session.beginInstance();
  session.leaf(4);
  const char *expected = "edbc-graphs 1 test_network\n"
                         "\n"
                         "instance\n"
                         "leaf 1\n"
                         "run\n"
                         "leaf 2\n"
                         "inner 0 1\n"
                         "run 3\n"
                         "score 2\n"
                         "\n"
                         "instance\n"
                         "run 1\n"
                         "leaf 3\n"
                         "run\n"
                         "score 0\n"
                         "\n"
                         "instance\n"
                         "run 3\n"
                         "leaf 4\n";
  session.saveGraphs(path("graphs"));
  EXPECT_EQ(contents(path("graphs")), expected);
  // The same once all has been executed and dropped, and rows were reused.
  session.run();
  session.dropInstance(0);
  session.dropInstance(2);
  session.saveGraphs(path("graphs"));
  EXPECT_EQ(contents(path("graphs")), expected);
}

TEST_F(RecordingTest, FloatsReadBackExactly) {
  edbc::test::Random random(1);
  std::vector<float> written;
  Node start = session.start();
  for (int i = 0; i < 300; ++i) {
    float x[3];
    for (float &value : x) {
      uint32_t bits = static_cast<uint32_t>(random.next());
      std::memcpy(&value, &bits, sizeof(value));
      if (i == 0)
        value = -std::numeric_limits<float>::infinity();
      if (i == 1)
        value = -std::numeric_limits<float>::quiet_NaN();
      if (i == 2)
        value = -0.0f;
      written.push_back(value);
    }
    session.mark(start, {x, 3});
  }
  session.saveGraphs(path("graphs"));

  std::stringstream text(contents(path("graphs")));
  std::vector<float> read;
  for (std::string word; text >> word;) {
    if (word.front() == '[')
      word.erase(0, 1);
    else if (word.find_first_of("0123456789") != 0 && word[0] != '-' &&
             word.find("nan") != 0 && word.find("inf") != 0)
      continue;
    else if (word.back() != ']' && read.size() % 3 == 0)
      continue; // The number of a node.
    read.push_back(std::strtof(word.c_str(), nullptr));
  }
  ASSERT_EQ(read.size(), written.size());
  for (size_t i = 0; i < read.size(); ++i) {
    if (std::isnan(written[i])) {
      EXPECT_TRUE(std::isnan(read[i]));
      continue;
    }
    EXPECT_EQ(std::memcmp(&read[i], &written[i], sizeof(float)), 0) << i;
  }
}

TEST_F(RecordingTest, LongFilesAreComplete) {
  std::string expected = "edbc-graphs 1 test_network\n";
  for (uint32_t i = 0; i < 100000; ++i) {
    session.beginInstance();
    session.leaf(i % 256);
    expected += "\ninstance\nleaf " + std::to_string(i % 256) + "\n";
  }
  session.saveGraphs(path("graphs"));
  EXPECT_TRUE(contents(path("graphs")) == expected);
}

TEST_F(RecordingTest, EmptySessionIsAnError) {
  session.beginInstance();
  try {
    session.saveGraphs(path("graphs"));
    FAIL() << "no error";
  } catch (const edbc::Error &error) {
    EXPECT_EQ(error.status(), EDBC_INVALID_ARGUMENT);
    EXPECT_EQ(error.what(),
              path("graphs") + ": the session has no nodes to save");
  }
  EXPECT_EQ(numFiles(), 0u);
}

TEST_F(RecordingTest, ReplacesFilesAsAWhole) {
  std::ofstream(path("graphs")) << std::string(10000, 'x');
  // What an interrupted run may have left is left alone.
  std::ofstream(path("graphs.tmp0")) << "y";
  session.leaf(1);
  session.saveGraphs(path("graphs"));
  EXPECT_EQ(contents(path("graphs")),
            "edbc-graphs 1 test_network\n\ninstance\nleaf 1\n");
  EXPECT_EQ(contents(path("graphs.tmp0")), "y");
  EXPECT_EQ(numFiles(), 2u);
}

TEST_F(RecordingTest, FailsWithoutATrace) {
  session.leaf(1);
  auto messageOf = [&](const std::string &path) -> std::string {
    try {
      session.saveGraphs(path);
    } catch (const edbc::Error &error) {
      EXPECT_EQ(error.status(), EDBC_IO_ERROR);
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(messageOf(path("missing/graphs")),
            path("missing/graphs") + ": No such file or directory");
  EXPECT_EQ(numFiles(), 0u);
  fs::create_directory(path("graphs"));
  EXPECT_EQ(messageOf(path("graphs")), path("graphs") + ": Is a directory");
  EXPECT_EQ(numFiles(), 1u);
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(messageOf(path("pipe")),
            path("pipe") + ": it is not a regular file");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(numFiles(), 2u);
}
