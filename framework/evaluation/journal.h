// What an evaluation has measured so far, a line a batch, so that a killed one goes on where it was. A line
// is complete or cut off; a journal of another evaluation (other model, data or suite) is put aside.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lethe::evaluation {

class Journal {
 public:
  // A journal that is kept nowhere.
  Journal() = default;
  // Errors: io.space, io.write.
  Journal(std::filesystem::path path, const std::string& identity);

  [[nodiscard]] const std::map<std::string, std::vector<double>>& done() const noexcept { return done_; }
  void append(const std::string& batch, const std::vector<double>& values);
  // The evaluation is complete and its results are on disk.
  void remove();

 private:
  void read(const std::string& first_line);
  std::filesystem::path path_;
  std::map<std::string, std::vector<double>> done_;
};

}  // namespace lethe::evaluation
