#include "framework/run/record_extremes.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace lethe::run {

void record_extremes(const ForgetScores& scores, const SampleSet& forget, RunOutput& output) {
  constexpr std::size_t kAtEitherEnd = 5;
  std::vector<std::size_t> order;  // easiest first: a large score is read as easy
  for (std::size_t i = 0; i < scores.score.size(); ++i)
    if (std::isfinite(scores.score[i])) order.push_back(i);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return scores.score[i]; });
  if (order.empty() || !(scores.score[order.front()] > 0)) return;  // the scoring saw nothing: all are alike
  const std::size_t shown = std::min(kAtEitherEnd, order.size() / 2);
  order.erase(order.begin() + static_cast<std::ptrdiff_t>(shown),
              order.end() - static_cast<std::ptrdiff_t>(shown));
  for (const std::size_t i : order) {
    const data::Sample& sample = forget.samples[i];
    output.append(records::GenerationRecord{.tag = std::string(records::kTextsAlone),
                                            .set = forget.name,
                                            .id = sample.id,
                                            .row = sample.row,
                                            .question = sample.question,
                                            .answer = sample.answer,
                                            .generated = ""});
  }
}

}  // namespace lethe::run
