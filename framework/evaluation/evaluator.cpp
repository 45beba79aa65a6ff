#include "framework/evaluation/evaluator.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/evaluation/batches.h"
#include "framework/evaluation/measures/clean_text.h"

namespace lethe::evaluation {
namespace {

class Measuring {
 public:
  Measuring(const EvaluatorParts& parts, const EvaluatorOptions& options, Journal& journal)
      : parts_(parts), options_(options), journal_(journal) {}

  // Batches of all requests of one kind share the rounds, so that small sets keep every rank busy too; the
  // large ones first, or one rank would be left alone with the largest.
  void measure(std::vector<Request>& requests, Kind kind) {
    std::vector<Batch> left;
    for (Request& request : requests) {
      if (request.kind != kind) continue;
      take_from_journal(request);
      for (std::size_t b = 0; b < request.batches.size(); ++b)
        if (request.values[b].empty()) left.push_back({&request, b});
    }
    std::ranges::stable_sort(left, std::greater<>(), [](const Batch& b) { return b.tokens(); });
    // A gradient is summed over ranks as it is made, so all ranks work on one document.
    const auto ranks = static_cast<std::size_t>(kind == Kind::gradient ? 1 : parts_.world.size());
    for (std::size_t first = 0; first < left.size(); first += ranks) {
      parts_.before_round();
      one_round(std::span(left).subspan(first, std::min(ranks, left.size() - first)), kind);
    }
  }
  std::int64_t batches_measured() const { return batches_measured_; }

 private:
  struct Batch {
    Request* request;
    std::size_t number;
    std::string key() const { return request->key(number); }
    std::vector<data::Document> documents() const {
      std::vector<data::Document> documents;
      for (const std::int64_t d : request->batches[number])
        documents.push_back(request->documents[static_cast<std::size_t>(d)]);
      return documents;
    }
    std::size_t tokens() const {
      std::size_t tokens = 0;
      for (const data::Document& document : documents()) tokens += document.ids.size();
      return tokens;
    }
  };

  // Rank 0 has the journal; every rank gets what it holds.
  void take_from_journal(Request& request) {
    std::vector<std::int64_t> held(request.batches.size(), 0);
    std::vector<double> values;
    std::size_t count = 0;
    for (std::size_t b = 0; b < held.size(); ++b) {
      const auto found = journal_.done().find(request.key(b));
      held[b] = found != journal_.done().end() && found->second.size() == size_of_batch(request, b, options_);
      if (held[b] != 0) values.insert(values.end(), found->second.begin(), found->second.end());
    }
    parts_.world.broadcast(dist::span_of(std::span(held)), 0);
    for (std::size_t b = 0; b < held.size(); ++b)
      if (held[b] != 0) count += size_of_batch(request, b, options_);
    values.resize(count);
    parts_.world.broadcast(dist::span_of(std::span(values)), 0);
    auto from = values.begin();
    for (std::size_t b = 0; b < held.size(); ++b) {
      if (held[b] == 0) continue;
      const auto size = static_cast<std::ptrdiff_t>(size_of_batch(request, b, options_));
      request.values[b].assign(from, from + size);
      from += size;
    }
  }

  // Each rank measures one batch, or nothing; then every rank has all of them.
  void one_round(std::span<const Batch> batches, Kind kind) {
    const auto rank = static_cast<std::size_t>(parts_.world.rank());
    const bool together = kind == Kind::gradient;
    const Batch* mine = together ? &batches[0] : rank < batches.size() ? &batches[rank] : nullptr;
    const std::vector<double> measured = run(kind, mine);
    std::vector<double> all;
    for (const Batch& batch : batches) {
      const bool here = mine == &batch && (!together || rank == 0);
      const std::size_t size = size_of_batch(*batch.request, batch.number, options_);
      LETHE_CHECK(!here || measured.size() == size, "{} gave {} of {} values", batch.key(), measured.size(),
                  size);
      if (here)
        all.insert(all.end(), measured.begin(), measured.end());
      else
        all.resize(all.size() + size, 0.0);
    }
    parts_.world.all_reduce(dist::span_of(std::span(all)));  // one rank's values and zeros: exact
    auto from = all.begin();
    for (const Batch& batch : batches) {
      const auto size = static_cast<std::ptrdiff_t>(size_of_batch(*batch.request, batch.number, options_));
      auto& values = batch.request->values[batch.number];
      values.assign(from, from + size);
      from += size;
      if (parts_.world.rank() == 0) journal_.append(batch.key(), values);
    }
    batches_measured_ += static_cast<std::int64_t>(batches.size());
  }

  // A rank without a batch takes part in the others' gathers. Which statistics those ask for does not matter
  // to it: it has no tokens.
  std::vector<double> run(Kind kind, const Batch* batch) {
    const std::vector<data::Document> documents = batch ? batch->documents() : std::vector<data::Document>();
    switch (kind) {
      case Kind::statistics:
        return flat(parts_.model.statistics(
            documents, batch ? batch->request->statistics : std::vector<std::string>{"log_prob"}));
      case Kind::reference:
        return parts_.model.reference_log_probs(documents);
      case Kind::gradient:
        return {parts_.model.gradient_norm(documents.at(0))};
      case Kind::generation:
        break;
    }
    return generate(batch);
  }

  std::vector<double> generate(const Batch* batch) {
    std::vector<TokenIds> prompts;
    if (batch)
      for (const std::int64_t p : batch->request->batches[batch->number])
        prompts.push_back(batch->request->owned[static_cast<std::size_t>(p)]);
    std::vector<double> values;
    for (const TokenIds& ids : parts_.model.generate(prompts)) {
      values.push_back(static_cast<double>(ids.size()));
      values.insert(values.end(), ids.begin(), ids.end());
      values.resize(values.size() + static_cast<std::size_t>(options_.max_new_tokens) - ids.size(), 0.0);
    }
    return values;
  }

  static std::vector<double> flat(const std::vector<std::vector<double>>& lists) {
    std::vector<double> values;
    for (const auto& list : lists) values.insert(values.end(), list.begin(), list.end());
    return values;
  }

  const EvaluatorParts& parts_;
  const EvaluatorOptions& options_;
  Journal& journal_;
  std::int64_t batches_measured_ = 0;
};

// A batch's values to the answers that they are of.
void store_statistics(const Request& request, const data::Tokenizer& tokenizer, std::size_t num_samples,
                      Inputs& inputs) {
  auto& answers = inputs.answers[request.source];
  answers.resize(num_samples);
  const bool first = std::ranges::all_of(answers, &std::vector<AnswerValues>::empty);
  std::vector<std::size_t> slot_of_sample(num_samples, 0);
  for (std::size_t b = 0; b < request.batches.size(); ++b) {
    const double* values = request.values[b].data();
    const std::size_t tokens = request.values[b].size() / std::max<std::size_t>(1, request.statistics.size());
    std::size_t at = 0;
    for (const std::int64_t d : request.batches[b]) {
      const auto document = static_cast<std::size_t>(d);
      const auto sample = static_cast<std::size_t>(request.sample[document]);
      const data::Document& doc = request.documents[document];
      const auto count = static_cast<std::size_t>(request.kind == Kind::gradient ? 1 : doc.scored_tokens());
      if (first)
        answers[sample].push_back(
            {.statistics = {},
             .text = tokenizer.decode(doc.ids.last(static_cast<std::size_t>(doc.scored_tokens())), true)});
      auto& statistics = answers[sample][slot_of_sample[sample]++].statistics;
      for (std::size_t k = 0; k < request.statistics.size(); ++k)
        statistics[request.statistics[k]].assign(values + k * tokens + at, values + k * tokens + at + count);
      at += count;
    }
  }
}

std::string cut_before(std::string text, const std::string& word) {
  return word.empty() ? text : text.substr(0, text.find(word));
}

void store_generations(const Request& request, const EvaluatorParts& parts, const EvaluatorOptions& options,
                       Inputs& inputs) {
  auto& generations = inputs.generations[request.source.set];
  generations.resize(request.owned.size());
  const auto clean = [&](std::span<const std::int32_t> ids) {
    return clean_up_spaces(parts.tokenizer.decode(ids, true));
  };
  for (std::size_t b = 0; b < request.batches.size(); ++b) {
    const double* values = request.values[b].data();
    for (const std::int64_t p : request.batches[b]) {
      const auto prompt = static_cast<std::size_t>(p);
      const TokenIds ids(values + 1, values + 1 + static_cast<std::ptrdiff_t>(values[0]));
      values += 1 + options.max_new_tokens;
      Generation& g = generations[prompt];
      g.input = clean(request.owned[prompt]);
      g.ground_truth = stripped(without(clean(request.documents[prompt].ids), g.input));
      g.text = cut_before(clean(ids), parts.tokenizer.token(parts.tokenizer.eos_id()));
      for (const std::string& word : options.stop_words) g.text = cut_before(std::move(g.text), word);
      g.text = stripped(g.text);
    }
  }
}

Inputs gather(const std::vector<Request>& requests, const EvaluatorParts& parts,
              const EvaluatorOptions& options) {
  Inputs inputs{.retain = parts.retain};
  if (const std::string why = parts.model.no_reference(); !why.empty())
    inputs.missing[std::string(kReferenceLogProb)] = why;
  for (const EvaluatedSet& set : parts.sets)
    for (const data::Sample& sample : set.samples) inputs.rows[set.name].push_back(sample.row);
  for (const Request& request : requests) {
    if (request.kind == Kind::generation)
      store_generations(request, parts, options, inputs);
    else
      store_statistics(request, parts.tokenizer, inputs.rows[request.source.set].size(), inputs);
  }
  return inputs;
}

}  // namespace

std::map<std::string, double> Evaluation::values() const {
  std::map<std::string, double> values;
  for (const NamedResult& r : results) {
    if (!r.result.value) continue;
    values[label_of(r.column)] = *r.result.value;
    values[r.name] = *r.result.value;
  }
  return values;
}

Evaluation evaluate(const std::vector<const SuiteEntry*>& suite, const EvaluatorParts& parts,
                    const EvaluatorOptions& options, Journal& journal) {
  std::vector<Request> requests = requests_of(suite, parts, options);
  Measuring measuring(parts, options, journal);
  for (const Kind kind : {Kind::statistics, Kind::reference, Kind::gradient, Kind::generation})
    measuring.measure(requests, kind);
  Inputs inputs = gather(requests, parts, options);
  Evaluation evaluation;
  for (const SuiteEntry* entry : suite) {
    Result result = entry->metric->compute(inputs);
    inputs.results[entry->name] = result;
    evaluation.results.push_back(
        {.name = entry->name, .column = entry->column, .listed = entry->listed, .result = std::move(result)});
  }
  evaluation.generations = std::move(inputs.generations);
  evaluation.batches_measured = measuring.batches_measured();
  return evaluation;
}

}  // namespace lethe::evaluation
