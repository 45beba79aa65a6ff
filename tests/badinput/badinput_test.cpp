// Bad input, one file a case: the real program is started as a user starts it, and must say what is wrong,
// once, end with the right code, and leave alone what was there.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/badinput/case_file.h"

namespace lethe::badinput {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

const fs::path kSource = LETHE_SOURCE_DIR;

struct Result {
  int exit_code = -1;
  std::string output;
  double seconds = 0;
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// stdout and stderr go to `log`, which lies outside of the folder that is compared.
Result run_in(const fs::path& folder, const fs::path& log, const std::string& command) {
  const auto start = std::chrono::steady_clock::now();
  const std::string line =
      fmt::format("cd {} && {} > {} 2>&1", quoted(folder.string()), command, quoted(log.string()));
  const int status = std::system(line.c_str());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(log), took.count()};
}

std::string lethe(const std::string& arguments) {
  return fmt::format("env OMP_NUM_THREADS=1 {} {}", quoted(LETHE_PROGRAM), arguments);
}

constexpr const char* kBase = R"(# A run of one step on what lies beside this file.
model: {path: model}
data:
  forget: {path: forget.jsonl}
  retain: {path: retain.jsonl}
  text: {apply_chat_template: false}
train: {max_steps: 1, forget_batch: 2, retain_batch: 2, micro_batch: 4}
eval: {before: false, after: false, generate: false}
export: false
)";

std::string rows(const char* word, int count) {
  std::string text;
  for (int i = 1; i <= count; ++i)
    text += fmt::format(
        "{{\"question\": \"What does {0} number {1} say?\", \"answer\": \"Only {0} {1}.\"}}\n", word, i);
  return text;
}

// What every case begins with, made once: the model by the program itself.
class BadInput : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::path(::testing::TempDir()) / fmt::format("badinput_{}", ::getpid());
    const fs::path start = root_ / "start";
    fs::create_directories(start);
    fs::create_symlink(kSource / "configs", start / "configs");
    std::ofstream(start / "forget.jsonl") << rows("fable", 3);
    std::ofstream(start / "retain.jsonl") << rows("letter", 4);
    std::ofstream(start / "base.yaml") << kBase;
    const Result made = run_in(
        start, root_ / "log",
        lethe("train base.yaml --out made --set export=true --set train.max_steps=0 "
              "--set model.init=random --set model.tokenizer=configs/smoke/tokenizer --set "
              "model.shape='{hidden_size: 8, intermediate_size: 12, num_heads: 2, num_kv_heads: 1, head_dim: "
              "4}'"));
    ASSERT_EQ(made.exit_code, 0) << made.output;
    fs::rename(start / "made" / "model", start / "model");
    for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
      fs::copy_file(kSource / "configs/smoke/tokenizer" / name, start / "model" / name,
                    fs::copy_options::skip_existing);
    fs::remove_all(start / "made");
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  void SetUp() override {
    folder_ = root_ / "case";
    fs::copy(root_ / "start", folder_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }
  void TearDown() override {
    for (auto entry = fs::recursive_directory_iterator(folder_); entry != fs::recursive_directory_iterator();
         ++entry)
      if (entry->is_directory() && !entry->is_symlink()) fs::permissions(entry->path(), fs::perms::owner_all);
    fs::remove_all(folder_);
  }

  Result run(const std::string& command) const { return run_in(folder_, root_ / "log", command); }

  static inline fs::path root_;
  fs::path folder_;
};

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

bool below_any(const std::string& path, const std::vector<std::string>& folders) {
  return std::ranges::any_of(
      folders, [&](const std::string& folder) { return path == folder || path.starts_with(folder + "/"); });
}

void expect_unchanged(std::map<std::string, std::string> before, std::map<std::string, std::string> after,
                      const std::vector<std::string>& makes) {
  const auto declared = [&](const auto& entry) { return below_any(entry.first, makes); };
  std::erase_if(before, declared);
  std::erase_if(after, declared);
  EXPECT_EQ(after, before) << "files were changed, made or removed";
}

std::string launch_of(const std::vector<std::string>& ranks) {
  std::string command = quoted((kSource / "launchers/mpi").string());
  for (const std::string& part : ranks) {
    const std::size_t at = part.find("{}");
    if (&part != &ranks.front()) command += " :";
    command += " " + part.substr(0, at) + quoted(LETHE_PROGRAM) + part.substr(at + 2);
  }
  return command;
}

std::string command_of(const Case& c) {
  std::string command = c.ranks.empty() ? lethe(c.command) : launch_of(c.ranks);
  for (const auto& [name, value] : c.env) command = fmt::format("env {}={} {}", name, quoted(value), command);
  if (c.as_nobody && ::geteuid() == 0)
    command = "setpriv --reuid 65534 --regid 65534 --clear-groups " + command;
  if (!c.disk.empty()) {
    const std::string inside = fmt::format("mount -t tmpfs -o size={} none small && {}", c.disk, command);
    command = fmt::format("unshare --mount --map-root-user sh -c \"{}\"", inside);
  }
  return command;
}

// Held for as long as the case runs, as another run would.
class Lock {
 public:
  explicit Lock(const fs::path& file) : fd_(::open(file.c_str(), O_RDWR | O_CLOEXEC)) {
    EXPECT_EQ(::flock(fd_, LOCK_EX | LOCK_NB), 0) << file;
  }
  ~Lock() { ::close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int fd_;
};

void expect_said(const Case& c, const Result& result) {
  EXPECT_EQ(result.exit_code, c.exit);
  // Lines that begin so: a campaign lists what is wrong with each of its cells.
  EXPECT_EQ(count_of("\n" + result.output, "\nerror["), c.error.empty() ? 0u : 1u);
  EXPECT_THAT(result.output, HasSubstr(c.error.empty() ? "" : fmt::format("error[{}]: ", c.error)));
  for (const std::string& text : c.says) {
    EXPECT_THAT(result.output, HasSubstr(text));
    const std::size_t most = text.starts_with("warning[") ? 1 : result.output.size();
    EXPECT_LE(count_of(result.output, text), most) << "said more than once: " << text;
  }
  for (const std::string& text : c.silent) EXPECT_THAT(result.output, Not(HasSubstr(text)));
  EXPECT_LT(result.seconds, c.seconds) << "too slow";
}

TEST_P(BadInput, SaysWhatIsWrongAndHarmsNothing) {
  const Case c = read_case(kSource / "tests/badinput/cases" / (GetParam() + ".yaml"));
  for (const std::string& command : c.first) {
    const Result made = run(lethe(command));
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  make_files(c, folder_);
  if (!c.disk.empty()) {
    fs::create_directory(folder_ / "small");
    if (run("unshare --mount --map-root-user mount -t tmpfs none small").exit_code != 0)
      GTEST_SKIP() << "needs to mount a file system of its own";
  }
  if (c.as_nobody) fs::permissions(folder_, fs::perms::all);
  if (c.as_nobody && run("setpriv --reuid 65534 --clear-groups " + lethe("--version")).exit_code != 0)
    GTEST_SKIP() << "needs a program that another user may start";
  const auto before = contents_of(folder_);
  std::optional<Lock> lock;
  if (!c.locked.empty()) lock.emplace(folder_ / c.locked);
  const Result result = run(command_of(c));
  SCOPED_TRACE(result.output);
  expect_said(c, result);
  expect_unchanged(before, contents_of(folder_), c.makes);
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kSource / "tests/badinput/cases"))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, BadInput, ::testing::ValuesIn(case_names()),
                         [](const auto& info) { return "row" + info.param; });

}  // namespace
}  // namespace lethe::badinput
