#include "framework/evaluation/batches.h"

#include <algorithm>
#include <numeric>

#include "framework/base/error.h"
#include "framework/data/packing.h"

namespace lethe::evaluation {
namespace {

const EvaluatedSet* find_set(const EvaluatorParts& parts, const std::string& name) {
  for (const EvaluatedSet& set : parts.sets)
    if (set.name == name) return &set;
  return nullptr;
}

std::vector<std::string> answers_of(const data::Sample& sample, Answers which) {
  if (which == Answers::perturbed) return sample.perturbed_answers;
  return sample.paraphrased_answer.empty() ? std::vector<std::string>()
                                           : std::vector{sample.paraphrased_answer};
}

// Answers that the token stores do not hold.
void tokenize(Request& request, const EvaluatedSet& set, const EvaluatorParts& parts) {
  std::vector<std::int64_t> prompt_tokens;
  for (std::size_t i = 0; i < set.samples.size(); ++i)
    for (const std::string& answer : answers_of(set.samples[i], request.source.answers)) {
      data::TokenizedSample tokens =
          parts.sample_tokenizer.tokenize(data::with_answer(set.samples[i], answer));
      if (!tokens.has_target()) continue;
      request.sample.push_back(static_cast<std::int64_t>(i));
      prompt_tokens.push_back(tokens.prompt_tokens);
      request.owned.push_back(std::move(tokens.ids));
    }
  for (std::size_t d = 0; d < request.owned.size(); ++d)
    request.documents.push_back({.ids = request.owned[d], .prompt_tokens = prompt_tokens[d]});
}

void add_documents(Request& request, const EvaluatedSet& set, const EvaluatorParts& parts) {
  if (request.source.answers != Answers::right) return tokenize(request, set, parts);
  request.documents.assign(set.documents.begin(), set.documents.end());
  request.sample.resize(set.documents.size());
  std::iota(request.sample.begin(), request.sample.end(), 0);
}

// Of similar length, so that a batch's cache holds little padding.
void cut_by_length(Request& request, std::int64_t prompts) {
  std::vector<std::int64_t> order(request.owned.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {},
                           [&](std::int64_t p) { return request.owned[static_cast<std::size_t>(p)].size(); });
  for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(prompts))
    request.batches.emplace_back(
        order.begin() + static_cast<std::ptrdiff_t>(first),
        order.begin() +
            static_cast<std::ptrdiff_t>(std::min(order.size(), first + static_cast<std::size_t>(prompts))));
}

Request answer_request(Kind kind, const Source& source, std::vector<std::string> statistics,
                       const EvaluatedSet& set, const EvaluatorParts& parts,
                       const EvaluatorOptions& options) {
  Request request{.kind = kind, .source = source, .statistics = std::move(statistics)};
  add_documents(request, set, parts);
  // A gradient norm is of one answer.
  request.batches = data::packs_of(request.documents, kind == Kind::gradient ? 1 : options.pack_tokens);
  return request;
}

Request generation_request(const EvaluatedSet& set, const EvaluatorParts& parts,
                           const EvaluatorOptions& options) {
  Request request{.kind = Kind::generation, .source = {.set = set.name}};
  for (std::size_t i = 0; i < set.samples.size(); ++i) {
    if (options.max_generations > 0 && static_cast<std::int64_t>(i) == options.max_generations) break;
    request.owned.push_back(parts.sample_tokenizer.prompt(set.samples[i]));
    request.documents.push_back(set.documents[i]);
    request.sample.push_back(static_cast<std::int64_t>(i));
  }
  cut_by_length(request, options.batch_prompts);
  return request;
}

void check_sets(const std::vector<const SuiteEntry*>& suite, const EvaluatorParts& parts) {
  std::vector<std::string> names;
  for (const EvaluatedSet& set : parts.sets) names.push_back(set.name);
  if (const auto absent = absent_set(suite, names))
    fail("config.conflict", "eval.metrics: " + absent->what, absent->hint);
}

}  // namespace

std::string Request::key(std::size_t batch) const {
  constexpr const char* kNames[] = {"statistics", "reference", "gradient", "generation"};
  return fmt::format("{}/{}/{}/{}", kNames[static_cast<int>(kind)], source.set, name_of(source.answers),
                     batch);
}

std::vector<Request> requests_of(const std::vector<const SuiteEntry*>& suite, const EvaluatorParts& parts,
                                 const EvaluatorOptions& options) {
  check_sets(suite, parts);
  const Needs needs = needs_of(suite);
  std::vector<Request> requests;
  for (const auto& [source, names] : needs.statistics) {
    const EvaluatedSet* set = find_set(parts, source.set);
    if (set == nullptr) continue;  // the metric says so
    std::vector<std::string> statistics(names.begin(), names.end());
    std::erase(statistics, kReferenceLogProb);
    std::erase(statistics, kGradientNorm);
    const auto add = [&](Kind kind, std::vector<std::string> asked) {
      requests.push_back(answer_request(kind, source, std::move(asked), *set, parts, options));
    };
    if (!statistics.empty()) add(Kind::statistics, std::move(statistics));
    if (names.contains(std::string(kReferenceLogProb)) && parts.model.no_reference().empty())
      add(Kind::reference, {std::string(kReferenceLogProb)});
    if (names.contains(std::string(kGradientNorm))) add(Kind::gradient, {std::string(kGradientNorm)});
  }
  for (const std::string& set : needs.generations)
    requests.push_back(generation_request(*find_set(parts, set), parts, options));
  for (Request& request : requests) request.values.resize(request.batches.size());
  return requests;
}

std::size_t size_of_batch(const Request& request, std::size_t batch, const EvaluatorOptions& options) {
  if (request.kind == Kind::gradient) return 1;
  const auto& items = request.batches[batch];
  if (request.kind == Kind::generation)
    return items.size() * static_cast<std::size_t>(1 + options.max_new_tokens);
  std::int64_t tokens = 0;
  for (const std::int64_t d : items) tokens += request.documents[static_cast<std::size_t>(d)].scored_tokens();
  return request.statistics.size() * static_cast<std::size_t>(tokens);
}

}  // namespace lethe::evaluation
