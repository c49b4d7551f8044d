//===- FilesTest.cpp - tests of files written all or none -------*- C++ -*-===//
//
// Part of edbc, an ahead-of-time compiler for dynamic neural networks.
//
//===----------------------------------------------------------------------===//

#include "compiler/Emit/Files.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <sys/stat.h>

using namespace edbc;
namespace fs = std::filesystem;

namespace {

class FilesTest : public ::testing::Test {
protected:
  FilesTest() {
    std::string pattern = (fs::temp_directory_path() / "edbc-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~FilesTest() override { fs::remove_all(folder); }

  std::string write(const std::string &directory,
                    llvm::ArrayRef<OutputFile> files) {
    return llvm::toString(writeFiles(directory, files));
  }

  static std::string contents(const fs::path &path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  /// All files and folders below the test's own.
  std::vector<std::string> listing() const {
    std::vector<std::string> paths;
    for (const auto &entry : fs::recursive_directory_iterator(folder))
      paths.push_back(fs::relative(entry.path(), folder).string());
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  using Paths = std::vector<std::string>;
  fs::path folder;
};

TEST_F(FilesTest, createsFoldersAndFiles) {
  EXPECT_EQ(write(folder / "a/b", {{"x", "1"}, {"c/y", "2"}}), "");
  EXPECT_EQ(listing(), (Paths{"a", "a/b", "a/b/c", "a/b/c/y", "a/b/x"}));
  EXPECT_EQ(contents(folder / "a/b/x"), "1");
  EXPECT_EQ(contents(folder / "a/b/c/y"), "2");
  // What the folders' users may do, the umask alone says.
  fs::create_directory(folder / "plain");
  EXPECT_EQ(fs::status(folder / "a").permissions(),
            fs::status(folder / "plain").permissions());
}

TEST_F(FilesTest, pathsMayStandAlone) {
  EXPECT_EQ(write("", {{(folder / "x").string(), "1"}}), "");
  EXPECT_EQ(contents(folder / "x"), "1");
}

TEST_F(FilesTest, replacesFilesAndKeepsEqualOnes) {
  ASSERT_EQ(write(folder, {{"x", "1"}, {"y", "2"}}), "");
  fs::file_time_type past =
      fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(folder / "x", past);
  fs::last_write_time(folder / "y", past);
  ASSERT_EQ(write(folder, {{"x", "1"}, {"y", "3"}}), "");
  EXPECT_EQ(contents(folder / "y"), "3");
  EXPECT_EQ(fs::last_write_time(folder / "x"), past);
  EXPECT_NE(fs::last_write_time(folder / "y"), past);
  EXPECT_EQ(listing(), (Paths{"x", "y"}));
}

TEST_F(FilesTest, contentsMayComeInPieces) {
  std::string path = folder / "a/x";
  auto write = [](llvm::raw_ostream &os) {
    os << "1"
       << "2";
  };
  EXPECT_EQ(llvm::toString(writeFile(path, write)), "");
  EXPECT_EQ(contents(path), "12");
  fs::file_time_type past =
      fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(path, past);
  EXPECT_EQ(llvm::toString(writeFile(path, write)), "");
  EXPECT_EQ(fs::last_write_time(path), past);
  auto writeOther = [](llvm::raw_ostream &os) { os << "13"; };
  EXPECT_EQ(llvm::toString(writeFile(path, writeOther)), "");
  EXPECT_EQ(contents(path), "13");
  EXPECT_EQ(listing(), (Paths{"a", "a/x"}));
}

TEST_F(FilesTest, folderBelowAFileIsAnError) {
  ASSERT_EQ(write(folder, {{"file", ""}}), "");
  EXPECT_EQ(write(folder / "file", {{"x", "1"}}),
            "can't write '" + (folder / "file").string() +
                "': Not a directory");
  EXPECT_EQ(listing(), Paths{"file"});
}

TEST_F(FilesTest, failureLeavesNothingNew) {
  fs::create_directories(folder / "taken");
  std::string taken = (folder / "taken").string();
  EXPECT_EQ(write(folder, {{"new/x", "1"}, {"taken", "2"}}),
            "can't write '" + taken + "': Is a directory");
  EXPECT_EQ(listing(), Paths{"taken"});
}

TEST_F(FilesTest, pathTooLongIsAnError) {
  std::string name(300, 'z');
  EXPECT_EQ(write(folder, {{"x", "1"}, {name, "2"}}),
            "can't write '" + (folder / name).string() +
                "': File name too long");
  EXPECT_EQ(listing(), Paths{});
}

TEST_F(FilesTest, percentSignsAreOrdinary) {
  EXPECT_EQ(write(folder / "50%", {{"%x", "1"}}), "");
  EXPECT_EQ(listing(), (Paths{"50%", "50%/%x"}));
}

TEST_F(FilesTest, pipeIsNotReplaced) {
  std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(write(folder, {{"pipe", "1"}}),
            "can't write '" + pipe + "': it is not a regular file");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(listing(), Paths{"pipe"});
}

TEST_F(FilesTest, failureInTheMiddleOfReplacingUndoesIt) {
  ASSERT_EQ(write(folder, {{"x", "old"}}), "");
  // The folder that the last file needs stands where the second is to be.
  EXPECT_EQ(write(folder, {{"x", "new"}, {"y", "new"}, {"y/z", "new"}}),
            "can't write '" + (folder / "y").string() + "': Is a directory");
  EXPECT_EQ(listing(), Paths{"x"});
  EXPECT_EQ(contents(folder / "x"), "old");
}

} // namespace
