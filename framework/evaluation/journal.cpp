#include "framework/evaluation/journal.h"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::evaluation {
namespace {

// batch, hash of the rest, values in hexadecimal: exact, and NaN and infinities are numbers.
std::string line_of(const std::string& batch, const std::vector<double>& values) {
  std::string numbers;
  for (const double value : values) numbers += fmt::format(" {:a}", value);
  return fmt::format("{} {}{}\n", batch, base::hash_text(batch + numbers), numbers);
}

bool parse_line(const std::string& line, std::string& batch, std::vector<double>& values) {
  std::istringstream words(line);
  std::string hash, word;
  if (!(words >> batch >> hash)) return false;
  for (values.clear(); words >> word;) values.push_back(std::strtod(word.c_str(), nullptr));
  return line_of(batch, values) == line + "\n";
}

}  // namespace

Journal::Journal(std::filesystem::path path, const std::string& identity) : path_(std::move(path)) {
  const std::string first = "lethe evaluation 1 " + identity;
  read(first);
  std::string content = first + "\n";
  for (const auto& [batch, values] : done_) content += line_of(batch, values);
  std::filesystem::create_directories(path_.parent_path());
  base::write_file_atomically(path_, content);  // without what a kill tore
}

void Journal::read(const std::string& first_line) {
  std::ifstream file(path_);
  std::string line, batch;
  if (!std::getline(file, line) || line != first_line) return;
  std::vector<double> values;
  while (std::getline(file, line) && parse_line(line, batch, values)) done_[batch] = values;
}

void Journal::append(const std::string& batch, const std::vector<double>& values) {
  if (path_.empty()) return;
  std::ofstream file(path_, std::ios::app | std::ios::binary);
  file << line_of(batch, values) << std::flush;
  if (!file) base::fail_write(path_, errno);
}

void Journal::remove() {
  done_.clear();
  if (!path_.empty()) std::filesystem::remove(path_);
}

}  // namespace lethe::evaluation
