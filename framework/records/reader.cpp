#include "framework/records/reader.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace lethe::records {
namespace {

constexpr std::size_t kLongestLine = 256u << 20;

// A block of the file at a time, so that a file without newlines cannot fill memory.
class LineSplitter {
 public:
  LineSplitter(const std::filesystem::path& path, const std::function<bool(const Line&)>& visit)
      : path_(path), visit_(visit) {}

  // False when the visitor has seen enough.
  bool feed(std::string_view block) {
    while (!block.empty()) {
      const std::size_t newline = block.find('\n');
      line_.text.append(block.substr(0, newline));
      if (line_.text.size() > kLongestLine)
        fail("records.size",
             fmt::format("{}:{}: a line of more than {} bytes", path_.string(), line_.number, kLongestLine));
      if (newline == std::string_view::npos) return true;
      block.remove_prefix(newline + 1);
      if (!finish(/*has_newline=*/true)) return false;
    }
    return true;
  }
  void end() {
    if (!line_.text.empty()) finish(/*has_newline=*/false);
  }

 private:
  bool finish(bool has_newline) {
    line_.end = line_.begin + line_.text.size() + (has_newline ? 1 : 0);
    line_.is_complete = has_newline && line_.text.starts_with('{') && line_.text.ends_with('}');
    const bool wants_more = visit_(line_);
    line_ = Line{.text = {}, .number = line_.number + 1, .begin = line_.end};
    return wants_more;
  }

  const std::filesystem::path& path_;
  const std::function<bool(const Line&)>& visit_;
  Line line_{.text = {}, .number = 1};
};

}  // namespace

void for_each_line(const std::filesystem::path& path, const std::function<bool(const Line&)>& visit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("io.read", fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  LineSplitter splitter(path, visit);
  std::vector<char> block(1 << 18);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    if (!splitter.feed({block.data(), static_cast<std::size_t>(file.gcount())})) return;
  }
  if (file.bad()) fail("io.read", fmt::format("reading {} failed: {}", path.string(), std::strerror(errno)));
  splitter.end();
}

ReadResult read_records(const std::filesystem::path& path) {
  ReadResult result;
  for_each_line(path, [&](const Line& line) {
    const auto where = [&](std::size_t number) { return fmt::format("{}:{}", path.string(), number); };
    if (result.has_torn_end)
      fail("records.json",
           fmt::format("{}: the line is damaged, and others follow it", where(line.number - 1)),
           "only the last line may be torn by a kill; restore the file from a copy");
    if (!line.is_complete) {
      result.has_torn_end = true;
      return true;
    }
    auto entry = parse_line(line.text, where(line.number));
    if (entry)
      result.entries.push_back(std::move(*entry));
    else
      ++result.num_unknown;
    return true;
  });
  return result;
}

}  // namespace lethe::records
