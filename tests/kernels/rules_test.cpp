// What keeps the kernels runnable by the emulator: launches, barriers and shuffles go through one place each.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

namespace lethe::kernels::tests {
namespace {

struct Rule {
  const char* pattern;
  const char* allowed_in;  // path below kernels/
  const char* why;
};
const Rule kRules[] = {
    {"<<<", "", "launch through kernels/launch.cuh"},
    {"__shared__", "detail/cuda_device.cuh", "use LETHE_SHARED"},
    {"__sync(threads|warp)|__shfl|__ballot|__any_sync|__all_sync", "detail/reduce.cuh",
     "barriers and shuffles live in reduce.cuh"},
    {"0x[fF]{8}u?\\b", "detail/reduce.cuh", "name the mask"},
    {"cooperative_groups|cudaStreamDefault|cudaStreamLegacy", "", "not run by the emulator"},
    {"\\batomic[A-Z]", "", "sums are in a fixed order, so that results have the same bits every time"},
};

std::string read(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(KernelRules, Hold) {
  const std::filesystem::path root = std::filesystem::path(LETHE_SOURCE_DIR) / "kernels";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension();
    if (extension != ".cu" && extension != ".cuh" && extension != ".h") continue;
    ++files;
    const std::string text = read(entry.path()), name = std::filesystem::relative(entry.path(), root);
    for (const Rule& rule : kRules) {
      const bool found = std::regex_search(text, std::regex(rule.pattern));
      EXPECT_TRUE(!found || name == rule.allowed_in) << name << ": " << rule.why;
    }
  }
  EXPECT_GE(files, 15);
}

TEST(KernelRules, EveryKernelHasATest) {
  const std::filesystem::path root = LETHE_SOURCE_DIR;
  std::string tests;
  for (const auto& entry : std::filesystem::directory_iterator(root / "tests/kernels"))
    if (entry.path().string().ends_with("_test.cpp")) tests += read(entry.path());
  for (const auto& entry : std::filesystem::directory_iterator(root / "kernels")) {
    if (entry.path().extension() != ".cu") continue;
    const std::string header = "\"kernels/" + entry.path().stem().string() + ".h\"";
    EXPECT_NE(tests.find(header), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace lethe::kernels::tests
