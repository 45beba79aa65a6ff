#include "framework/scoring/score_state.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>
#include <sstream>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::scoring {
namespace {

constexpr std::string_view kMagic = "lethe-score-state-1";

void append(std::string& text, const std::vector<double>& values) {
  fmt::format_to(std::back_inserter(text), "{}", values.size());
  for (const double value : values) fmt::format_to(std::back_inserter(text), " {:a}", value);
  text += '\n';
}

double next_number(std::istream& in) {
  std::string word;
  in >> word;
  return std::strtod(word.c_str(), nullptr);  // hexadecimal floats, inf and nan, which streams do not read
}

std::vector<double> next_row(std::istream& in) {
  std::size_t count = 0;
  in >> count;
  std::vector<double> values;
  for (std::size_t i = 0; i < count && in; ++i) values.push_back(next_number(in));
  return values;
}

[[noreturn]] void corrupt(const std::filesystem::path& file, const std::string& what) {
  fail("ckpt.corrupt", fmt::format("{}: {}", file.string(), what), "delete it to score from the first draw");
}

// The text without its last line, whose hash it must have.
std::string checked(const std::filesystem::path& file) {
  std::string text = base::read_file(file);
  const std::size_t last = text.rfind("hash ");
  if (!text.starts_with(kMagic) || last == std::string::npos) corrupt(file, "is no complete score state");
  const std::string hash = text.substr(last);
  text.resize(last);
  if (hash != "hash " + base::hash_text(text) + "\n") corrupt(file, "its hash differs");
  return text;
}

}  // namespace

void save(const ScoreState& state, const std::filesystem::path& file) {
  std::string text = fmt::format("{}\n{}\n{:a} {}\n", kMagic, state.identity, state.step, state.draws.size());
  for (const DrawValues& draw : state.draws) {
    append(text, draw.value);
    append(text, draw.first_order);
  }
  text += fmt::format("{:d} {} {} {:a}\n", state.calibrated, state.calibration_passes, state.passes,
                      state.seconds);
  base::write_file_atomically(file, text + "hash " + base::hash_text(text) + "\n");
}

ScoreState load_score_state(const std::filesystem::path& file) {
  std::istringstream in(checked(file));
  ScoreState state;
  std::string magic;
  std::getline(in, magic);
  std::getline(in, state.identity);
  state.step = next_number(in);
  std::size_t count = 0;
  in >> count;
  for (std::size_t k = 0; k < count && in; ++k) {
    DrawValues draw;
    draw.value = next_row(in);
    draw.first_order = next_row(in);
    state.draws.push_back(std::move(draw));
  }
  if (!in) corrupt(file, "ends early");
  int calibrated = 1;  // as versions wrote it that did not say
  if (in >> calibrated) in >> state.calibration_passes;
  if (in >> state.passes) state.seconds = next_number(in);
  state.calibrated = calibrated != 0;
  return state;
}

}  // namespace lethe::scoring
