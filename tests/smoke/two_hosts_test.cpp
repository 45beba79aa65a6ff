// Two hosts, made of network namespaces: found as two, and hybrid sharding over them gives the model of one
// rank.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/command.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;

constexpr int kNoNamespaces = 77;

lethe::testing::CommandResult run_on(const std::string& launcher, const std::string& arguments) {
  return lethe::testing::run_command(std::string("cd '") + LETHE_SOURCE_DIR + "' && OMP_NUM_THREADS=1 " +
                                     launcher + " '" + LETHE_PROGRAM + "' " + arguments);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TwoHosts, HybridShardingGivesTheModelOfOneRank) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("two_hosts_" + std::to_string(getpid()));
  const std::string train =
      "train configs/smoke/zero3.yaml --set determinism=elastic --set train.max_steps=3 --set "
      "eval.before=false --set "
      "eval.after=false --out " +
      folder.string();
  const auto doctor = run_on("tests/smoke/two_hosts", "doctor");
  if (doctor.exit_code == kNoNamespaces) GTEST_SKIP() << doctor.output;
  EXPECT_EQ(doctor.exit_code, 0) << doctor.output;
  EXPECT_THAT(doctor.output, ::testing::HasSubstr("on 2 hosts (node01, node02)"));
  const auto two = run_on("tests/smoke/two_hosts", train + "/two --set parallel.shard=2");
  ASSERT_EQ(two.exit_code, 0) << two.output;
  const auto one = run_on("", train + "/one");
  ASSERT_EQ(one.exit_code, 0) << one.output;
  const std::string expected = bytes_of(folder / "one/model/model.safetensors");
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(bytes_of(folder / "two/model/model.safetensors"), expected);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace lethe
