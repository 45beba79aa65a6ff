#include "framework/data/text_windows.h"

#include <algorithm>
#include <span>

#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::data {
namespace {

// Nothing predicts the only token of a window, so the last one of a text repeats the token before it.
void score_last_token(std::vector<Window>& windows) {
  Window& window = windows.back();
  if (windows.size() == 1 || window.last - window.first > 1) return;
  --window.first;
  ++window.context;
}

}  // namespace

std::vector<Window> windows_of(std::int64_t tokens, std::int64_t length, std::int64_t overlap) {
  std::vector<Window> windows;
  for (std::int64_t done = 0; done < tokens; done = windows.back().last) {
    const std::int64_t context = windows.empty() ? 0 : overlap;
    const std::int64_t first = done - context;
    windows.push_back({first, context, std::min(first + length, tokens)});
  }
  return windows;
}

SampleFile cut_windows(const SampleFile& rows, const Tokenizer& tokenizer, const SourceOptions& source) {
  std::string corpus;
  for (const Sample& row : rows.samples) corpus += (corpus.empty() ? "" : "\n\n") + row.answer;
  const std::vector<std::int32_t> ids = tokenizer.encode(corpus, false), start = tokenizer.encode("", true);
  if (ids.empty())
    fail("data.empty", fmt::format("{}: its rows have no text", source.path),
         fmt::format("\"{}\" is empty in each of them: set text_key to the field of the text",
                     source.text_key));
  SampleFile file{.samples = {}, .hash = rows.hash};
  auto windows = windows_of(static_cast<std::int64_t>(ids.size()), source.window, source.overlap);
  if (start.empty()) score_last_token(windows);
  for (const Window& window : windows) {
    const auto part = [&](std::int64_t first, std::int64_t last) {
      return std::span(ids).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    };
    Sample sample;
    sample.row = static_cast<std::int64_t>(file.samples.size());
    sample.question = tokenizer.decode(part(window.first, window.first + window.context), false);
    sample.answer = tokenizer.decode(part(window.first + window.context, window.last), false);
    sample.id = sample_id(sample.question, sample.answer);
    sample.ids = start;
    const auto tokens = part(window.first, window.last);
    sample.ids.insert(sample.ids.end(), tokens.begin(), tokens.end());
    // Nothing predicts the very first token of a sequence.
    sample.prompt_tokens =
        std::max<std::int64_t>(static_cast<std::int64_t>(start.size()) + window.context, 1);
    file.samples.push_back(std::move(sample));
  }
  return file;
}

}  // namespace lethe::data
