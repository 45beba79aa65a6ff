#include "framework/base/atomic_file.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::base {
namespace {

namespace fs = std::filesystem;

TEST(AtomicFile, ReplacesWholeAndLeavesNothingBeside) {
  const fs::path folder = fs::path(testing::TempDir()) / "atomic_file_test";
  fs::remove_all(folder);
  fs::create_directories(folder);
  write_file_atomically(folder / "a", "old");
  write_file_atomically(folder / "a", "new");
  EXPECT_EQ(read_file(folder / "a"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
  EXPECT_EQ(hash_file(folder / "a").size(), 32u);
}

TEST(AtomicFile, LeavesNothingBesideWhereAFolderHasItsName) {
  const fs::path folder = fs::path(testing::TempDir()) / "atomic_file_taken";
  fs::remove_all(folder);
  fs::create_directories(folder / "a");
  EXPECT_THROW(write_file_atomically(folder / "a", "new"), Error);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST(AtomicFile, NamesTheReasonWhenTheFolderIsMissing) {
  try {
    write_file_atomically("/nowhere/at/all", "x");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "io.write");
    EXPECT_NE(e.message().find("No such file"), std::string::npos);
  }
}

TEST(AtomicFile, NamesAFileThatStandsWhereAFolderIsNeeded) {
  const fs::path file = fs::path(testing::TempDir()) / "a_file";
  write_file_atomically(file, "x");
  for (const fs::path& folder : {file, file / "below", file.parent_path() / std::string(300, 'n')}) {
    try {
      make_folders(folder);
      FAIL() << folder;
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "out.path");
      EXPECT_EQ(e.exit_code(), 73);
      EXPECT_NE(e.hint().find("--out"), std::string::npos);
    }
  }
  fs::remove(file);
}

TEST(ReadFile, RefusesWhatIsTooLarge) {
  const fs::path path = fs::path(testing::TempDir()) / "large";
  write_file_atomically(path, std::string(100, 'x'));
  EXPECT_THROW(read_file(path, 99), Error);
}

}  // namespace
}  // namespace lethe::base
