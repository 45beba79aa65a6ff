// launchers/gpu_report.py, with a stand-in for nvidia-smi and a recorded shape of benchmark output: the page
// of the day on which a GPU is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace lethe::launchers {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class GpuReport : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("gpu_report_" + std::to_string(getpid()));
    fs::create_directories(folder_ / "bin");
    write("kernels_bench.json", R"({"context": {"copy_GB_per_s": "3000.5"}, "benchmarks": [
      {"name": "swiglu/backward:0/manual_time", "run_type": "iteration", "GB/s": 2700.0, "percent_of_copy": 90.0},
      {"name": "swiglu/backward:0/manual_time", "run_type": "iteration", "GB/s": 2400.0, "percent_of_copy": 80.0},
      {"name": "swiglu/backward:0/manual_time", "run_type": "iteration", "GB/s": 3000.0, "percent_of_copy": 100.0},
      {"name": "swiglu/backward:0/manual_time_mean", "run_type": "aggregate", "GB/s": 1.0, "percent_of_copy": 1.0}]})");
    write("nccl_bench.txt", "NCCL 2.28.9, 1 ranks\n| buffer | all_gather |\n");
    write("engine_bench.txt", "| SmolLM2-135M | 256 of 64 | 100000 | 30.0 | 40.0 | gradient and AdamW |\n");
    write("tests.txt", "12 passed, 0 failed, 0 skipped\n");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }
  void put_smi(const std::string& output, int exit_code) const {
    write("bin/nvidia-smi", "#!/bin/sh\necho '" + output + "'\nexit " + std::to_string(exit_code) + "\n");
    fs::permissions(folder_ / "bin/nvidia-smi", fs::perms::owner_all);
  }
  // `more_path`: where else than in bin programs are found.
  int run(const std::string& more_path = ":$PATH") const {
    const std::string command = "PATH=" + (folder_ / "bin").string() + more_path +
                                " python3 " LETHE_SOURCE_DIR "/launchers/gpu_report.py " + folder_.string() +
                                " " + folder_.string() + " >/dev/null 2>&1";
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string page(const std::string& name) const {
    std::ifstream file(folder_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  fs::path folder_;
};

TEST_F(GpuReport, HoldsDriverClocksTestsAndEachKernelWithItsNoise) {
  put_smi("NVIDIA H100 80GB HBM3, 580.82.07, 1980 MHz, 1980 MHz, 2619 MHz, 700.00 W, 31, Disabled, P0", 0);
  ASSERT_EQ(run(), 0);
  const std::string text = page("gpu-h100-80gb-hbm3.md");
  for (const char* part : {"| driver | 580.82.07 |", "| SM clock | 1980 MHz |", "## The engine on one GPU",
                           "| SmolLM2-135M | 256 of 64 | 100000 |", "12 passed, 0 failed, 0 skipped",
                           "moves 3000 GB/s", "| swiglu/backward:0 | 2700 | 90 | 9.1 |", "NCCL 2.28.9"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST_F(GpuReport, NeedsNoGit) {
  put_smi("NVIDIA H100 80GB HBM3, 580.82.07, 1980 MHz, 1980 MHz, 2619 MHz, 700.00 W, 31, Disabled, P0", 0);
  const std::string link = "ln -s \"$(python3 -c 'import sys; print(sys.executable)')\" '" +
                           (folder_ / "bin/python3").string() + "'";
  ASSERT_EQ(std::system(link.c_str()), 0);
  ASSERT_EQ(run(""), 0);
  EXPECT_THAT(page("gpu-h100-80gb-hbm3.md"), HasSubstr("commit unknown, "));
}

TEST_F(GpuReport, NoGpuIsANamedErrorAndNoPage) {
  put_smi("No devices were found", 6);
  EXPECT_EQ(run(), 69);
  for (const auto& entry : fs::directory_iterator(folder_))
    EXPECT_FALSE(entry.path().filename().string().starts_with("gpu-")) << entry.path();
}

}  // namespace
}  // namespace lethe::launchers
