// Stands for lethe in campaigns of the tests: COMMAND CONFIG --out RUN. Notes in the ledger when it begins
// and ends, waits, and leaves records whose numbers depend on its configuration only.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "framework/base/hash.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"

namespace {

using namespace lethe;

// The flat lines `key: value` of an effective configuration.
std::map<std::string, std::string> values_of(const std::string& config) {
  std::map<std::string, std::string> values;
  std::ifstream in(config);
  for (std::string line; std::getline(in, line);) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string value = line.substr(colon + 2);
    std::erase(value, '"');
    values[line.substr(0, colon)] = value;
  }
  return values;
}

void note(const std::string& ledger, const std::string& line) {
  const int fd = ::open(ledger.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (::write(fd, line.data(), line.size()) < 0) std::abort();
  ::close(fd);
}

volatile std::sig_atomic_t told = 0;

bool wait_or_told(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && told == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return told != 0;
}

// A number in [0, 1) that the text decides.
double number_of(const std::string& text) {
  return static_cast<double>(std::strtoull(base::hash_text(text).substr(0, 8).c_str(), nullptr, 16)) /
         4294967296.0;
}

}  // namespace

int main(int, char** argv) {
  const std::string command = argv[1], config = argv[2], out = argv[4];
  const std::string task = std::filesystem::path(out).filename().string();
  auto values = values_of(config);
  std::signal(SIGUSR1, [](int) { told = 1; });
  const std::string ledger = values["ledger"];
  note(ledger, "begin " + task + "\n");
  std::filesystem::create_directories(out);
  records::Writer writer(records::RunPaths{out}.records());
  writer.append(records::RunRecord{.name = task, .command = command});
  if (wait_or_told(std::atof(values["wait"].c_str()))) {
    note(ledger, "stop " + task + "\n");
    return 75;
  }
  // fail: this exit code as long as the file `mended` is not beside the ledger.
  const int failure = std::atoi(values["fail"].c_str());
  if (failure != 0 && !std::filesystem::exists(std::filesystem::path(ledger).parent_path() / "mended")) {
    std::fprintf(stderr, "error[num.nonfinite]: loss NaN at step 3\n");
    return failure;
  }
  if (values.contains("model") && !values["model"].empty() && !std::filesystem::exists(values["model"])) {
    std::fprintf(stderr, "error[model.missing]: %s\n", values["model"].c_str());
    return 66;
  }
  const double value = number_of(values["seed"] + values["rate"] + values["  name"] + task);
  writer.append(
      records::EvaluationRecord{.tag = "after", .set = "forget", .aggregates = {{"probability", value}}});
  writer.append(records::SummaryRecord{.ended = records::utc_now()});
  note(ledger, "end " + task + "\n");
  return 0;
}
