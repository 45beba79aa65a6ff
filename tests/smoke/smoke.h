// The program as a user starts it, on a folder of its own that goes with the test.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::smoke {

namespace fs = std::filesystem;

struct Result {
  int exit_code = 0;
  std::string output;
};

class Smoke : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("smoke_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result run(const std::string& launcher, const std::string& arguments) const {
    const fs::path log = folder_ / "log";
    const std::string command =
        fmt::format("cd '{}' && OMP_NUM_THREADS=1 {} '{}' {} > '{}' 2>&1", LETHE_SOURCE_DIR, launcher,
                    LETHE_PROGRAM, arguments, log.string());
    const int status = std::system(command.c_str());
    std::ifstream file(log);
    std::stringstream text;
    text << file.rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
  }
  Result lethe(int ranks, const std::string& arguments) const {
    return run(ranks == 1 ? "" : fmt::format("launchers/mpi -n {}", ranks), arguments);
  }
  // Sends SIGTERM when the shell's `condition` holds.
  Result told_to_stop_when(const std::string& condition, const std::string& arguments, int ranks = 1) const {
    const std::string mpi = ranks == 1 ? "" : fmt::format("launchers/mpi -n {} ", ranks);
    return run("sh -c '" + mpi + "\"$0\" \"$@\" & p=$!; until " + condition +
                   " || ! kill -0 $p; do sleep 0.02; done; kill -TERM $p; wait $p'",
               arguments);
  }
  std::string out(const std::string& name) const { return (folder_ / name).string(); }

  std::vector<double> losses(const std::string& name) const {
    std::map<std::int64_t, double> by_step;
    for (const auto& step : records::records_of<records::StepRecord>(
             records::read_records(records::RunPaths{out(name)}.records()).entries))
      by_step[step.step] = step.loss;
    std::vector<double> values;
    for (const auto& [step, loss] : by_step) values.push_back(loss);
    return values;
  }
  std::map<std::int64_t, double> changed_fractions(const std::string& name) const {
    std::map<std::int64_t, double> by_step;
    for (const auto& step : records::records_of<records::StepRecord>(
             records::read_records(records::RunPaths{out(name)}.records()).entries))
      if (step.changed_fraction) by_step[step.step] = *step.changed_fraction;
    return by_step;
  }
  std::string model_bytes(const std::string& name) const {
    std::ifstream file(records::RunPaths{out(name)}.model() / "model.safetensors", std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  fs::path folder_;
};

}  // namespace lethe::smoke
