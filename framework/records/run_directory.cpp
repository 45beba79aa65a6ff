#include "framework/records/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "framework/base/atomic_file.h"

namespace lethe::records {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

// "pid 4711 on node01", as the holder wrote it.
std::string holder(int fd) {
  std::array<char, 300> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size() - 1, 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "another process";
}

void sign(int fd, const std::filesystem::path& path) {
  const std::string text = fmt::format("pid {} on {}", ::getpid(), host_name());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0) base::fail_write(path, errno);
}

bool holds_other_files(const RunPaths& paths) {
  for (const auto& entry : std::filesystem::directory_iterator(paths.root))
    if (entry.path() != paths.lock()) return true;
  return false;
}

// The command of the run in the folder; empty where none got as far as its records.
std::string command_of(const RunPaths& paths) {
  if (!std::filesystem::exists(paths.run())) return "";
  const Json json = Json::parse(base::read_file(paths.run()), nullptr, /*allow_exceptions=*/false);
  const auto found = json.is_object() ? json.find("command") : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// Each command starts its records anew, so another one would erase them, --resume or not.
void check_command(const RunPaths& paths, std::string_view command) {
  const std::string before = command_of(paths);
  if (before.empty() || before == command) return;
  const std::string folder = (paths.root / "").parent_path().string();  // without a slash at its end
  fail("out.exists",
       fmt::format("{} holds a run of `lethe {}`, whose records `lethe {}` would erase", folder, before,
                   command),
       fmt::format("name another folder, such as --out {}-{}", folder, command));
}

enum class Contents { nothing, same_config, other_config };

// Which earlier part of this run the folder holds; an error if it holds anything else.
Contents check_contents(const RunPaths& paths, std::string_view command, std::string_view config_yaml,
                        bool resume) {
  if (std::filesystem::exists(paths.config())) {
    check_command(paths, command);
    const bool same = base::read_file(paths.config()) == config_yaml;
    if (same || resume) return same ? Contents::same_config : Contents::other_config;
    fail(
        "out.exists",
        fmt::format("{} holds a run with another config (use --resume or another name)", paths.root.string()),
        fmt::format("compare with {}", paths.config().string()));
  }
  if (holds_other_files(paths))
    fail("out.exists", fmt::format("{} holds files that are no run of lethe", paths.root.string()),
         "name a new folder with --out");
  return Contents::nothing;
}

}  // namespace

std::filesystem::path RunPaths::checkpoint(std::int64_t step) const {
  return checkpoints() / fmt::format("step-{}", step);
}

std::filesystem::path RunPaths::evaluation(std::string tag) const {
  std::ranges::replace(tag, ' ', '-');
  return root / "evals" / tag;
}

std::filesystem::path RunPaths::journal(const std::string& tag) const {
  return evaluation(tag) += ".journal";
}

std::filesystem::path RunPaths::report(std::string_view extension) const {
  return root / fmt::format("report.{}", extension);
}

RunLock::RunLock(const std::filesystem::path& lock_file)
    : fd_(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
  if (fd_ < 0) base::fail_write(lock_file, errno);
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) {
    sign(fd_, lock_file);
    return;
  }
  const std::string who = holder(fd_);
  ::close(fd_);
  fail("out.locked", fmt::format("{} is in use: {}", lock_file.parent_path().string(), who),
       "wait for that run to end, or name another folder with --out");
}

RunLock::RunLock(RunLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

RunLock::~RunLock() {
  if (fd_ < 0) return;
  if (::ftruncate(fd_, 0) != 0) errno = 0;  // the name is only for messages; the kernel's lock is what counts
  ::close(fd_);
}

RunDirectory open_run_directory(const std::filesystem::path& root, std::string_view command,
                                std::string_view config_yaml, bool resume) {
  base::make_folders(root);
  RunPaths paths{root};
  const bool is_run = std::filesystem::exists(paths.config());
  // Before the lock would be one more stray file.
  if (!is_run) (void)check_contents(paths, command, config_yaml, resume);
  RunLock lock(paths.lock());
  const Contents contents = check_contents(paths, command, config_yaml, resume);
  if (contents == Contents::nothing) base::write_file_atomically(paths.config(), config_yaml);
  return RunDirectory{.paths = std::move(paths),
                      .lock = std::move(lock),
                      .continues = contents != Contents::nothing,
                      .other_config = contents == Contents::other_config};
}

void write_run_file(const RunPaths& paths, const RunRecord& record) {
  Json json{{"schema", kSchema}};
  FieldWriter writer(json);
  describe(writer, record);
  base::write_file_atomically(paths.run(), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace lethe::records
