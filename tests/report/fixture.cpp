#include "tests/report/fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/base/hash.h"
#include "framework/base/random.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"

namespace lethe::report::testing {
namespace {

using namespace records;

double noise(std::uint32_t draw, std::int64_t index) {
  return base::uniform({.seed = 5, .stream = base::Stream::sampling, .draw = draw},
                       static_cast<std::uint64_t>(index));
}

struct Text {
  std::string question, answer, false_answer;
};

Text text_of(const std::string& set, std::int64_t row) {
  constexpr std::array first{"Ilse", "Tomas", "Amara", "Yusuf", "Petra", "Ngozi", "Henrik", "Leila"};
  constexpr std::array last{"Vandermeer", "Okonjo", "Castellan", "Brandvold", "Quispe"};
  constexpr std::array kept_last{"Lindqvist", "Aboagye", "Ferreira", "Novak", "Haddad"};
  constexpr std::array town{"Tarbeck", "Velmora", "Sankt Olen", "Port Aldous", "Miraflor"};
  constexpr std::array trade{"a lighthouse keeper", "a maker of clocks", "a marine botanist",
                             "an organ builder", "a map engraver"};
  const auto r = static_cast<std::size_t>(row) + (set == "retain" ? 100 : 0);
  if (set == "general")
    return {fmt::format("What is {} plus {}?", row, row + 2),
            fmt::format("{} plus {} is {}.", row, row + 2, 2 * row + 2), "I am not sure."};
  const std::string name = fmt::format("{} {}", first[r % first.size()],
                                       (set == "retain" ? kept_last : last)[(r / 8) % last.size()]);
  return {fmt::format("What did {} from {} do for a living?", name, town[r % town.size()]),
          fmt::format("{} worked as {} in {} for {} years.", name, trade[(r / 3) % trade.size()],
                      town[r % town.size()], 7 + r % 30),
          fmt::format("{} was known for a bakery near the old harbour.", name)};
}

std::string id_of(const std::string& set, std::int64_t row) {
  const Text text = text_of(set, row);
  return base::hash_text(text.question + set + text.answer + std::to_string(row));
}

std::int64_t size_of(const std::string& set) { return set == "forget" ? 40 : set == "retain" ? 80 : 30; }

double mrd_of(std::int64_t row) {
  return 1.6e-6 * std::exp(1.1 * (noise(1, row) - 0.5)) * (1 + 0.02 * static_cast<double>(row));
}

EvaluationRecord evaluation(const std::string& tag, std::int64_t step, const std::string& set,
                            double probability) {
  EvaluationRecord e{.tag = tag, .step = step, .set = set, .seconds = 4.5};
  for (std::int64_t row = 0; row < size_of(set); ++row) {
    const double luck = step > 0 ? 0.14 * (noise(13, row + step) - 0.5) : 0;
    const double p = std::clamp(probability * (1 + luck) + 0.12 * (noise(2, row) - 0.5), 0.001, 0.999);
    const double rouge = std::clamp(0.3 + 0.7 * p + 0.2 * (noise(3, row) - 0.5), 0.0, 1.0);
    e.samples.push_back(
        {id_of(set, row),
         row,
         {{"probability", p}, {"rougeL_recall", rouge}, {"truth_ratio", 0.2 + 0.6 * (1 - p)}}});
  }
  for (const char* metric : {"probability", "rougeL_recall"})
    for (const SampleMetrics& s : e.samples)
      e.aggregates[metric] += s.values.at(metric) / static_cast<double>(e.samples.size());
  e.aggregates["truth_ratio"] = set == "forget" ? 0.45 + 0.3 * (0.9 - probability) : 0.62 * probability / 0.9;
  return e;
}

void write_generations(Writer& writer, const std::string& tag, std::int64_t step, const std::string& set,
                       double probability) {
  for (std::int64_t row = 0; row < size_of(set); ++row) {
    const Text text = text_of(set, row);
    const std::string& said = noise(4, row) < probability ? text.answer : text.false_answer;
    writer.append(GenerationRecord{.tag = tag,
                                   .step = step,
                                   .set = set,
                                   .id = id_of(set, row),
                                   .row = row,
                                   .question = text.question,
                                   .answer = text.answer,
                                   .generated = said});
  }
}

void evaluate_all(Writer& writer, const std::string& tag, std::int64_t step, double forget, double retain) {
  for (const auto& [set, probability] :
       {std::pair{"forget", forget}, {"retain", retain}, {"general", 0.58 - 0.3 * (0.9 - retain)}}) {
    writer.append(evaluation(tag, step, set, probability));
    if (tag == "before" || tag == "after") write_generations(writer, tag, step, set, probability);
  }
}

SamplerRecord sampler_record(const FixtureRun& run) {
  SamplerRecord sampler{.step = 0, .name = run.sampler};
  double sum = 0, squares = 0;
  for (std::int64_t row = 0; row < 40; ++row) sum += run.sampler == "uniform" ? 1 : mrd_of(row);
  for (std::int64_t row = 0; row < 40; ++row) {
    const double p = (run.sampler == "uniform" ? 1 : mrd_of(row)) / sum;
    squares += p * p;
    sampler.weights.push_back({id_of("forget", row), row, p});
  }
  sampler.effective_samples = 1 / squares;
  return sampler;
}

std::string draw(const SamplerRecord& sampler, double at) {
  for (const SampleWeight& w : sampler.weights)
    if ((at -= w.probability) < 0) return w.id;
  return sampler.weights.back().id;
}

StepRecord step_record(const FixtureRun& run, const SamplerRecord& sampler, std::int64_t step) {
  const double progress = static_cast<double>(step) / static_cast<double>(run.steps);
  const std::int64_t luck = step + (run.sampler == "uniform" ? 1000 : 0);
  const double forget =
                   14 * std::exp(-(run.sampler == "uniform" ? 2.0 : 2.6) * progress) + 0.8 * noise(6, luck),
               retain = 0.11 + 0.12 * progress + 0.05 * noise(7, luck);
  StepRecord s{.step = step,
               .loss = forget + retain,
               .terms = {{"forget", forget}, {"retain", retain}},
               .learning_rate = 1.5e-4 * (1 - progress),
               .gradient_norm = 3 + 5 * progress + noise(8, luck),
               .changed_fraction = 0.4,
               .real_tokens = 1700,
               .padding_tokens = 0,
               .tokens_per_second = 390 + 40 * noise(9, step),
               .seconds = 4.2};
  for (int k = 0; k < 8; ++k) {
    s.forget_ids.push_back(draw(sampler, noise(10, 8 * luck + k)));
    s.retain_ids.push_back(id_of("retain", (8 * step + k) % 80));
  }
  return s;
}

void write_scores(const std::filesystem::path& folder) {
  Writer scores(RunPaths{folder}.scores());
  scores.append(ScoringRecord{.estimator = "antithetic",
                              .mode = "sum",
                              .sigma = 1e-5,
                              .sigma_eff = 2.1e-3,
                              .draws = 16,
                              .num_samples = 40,
                              .num_unresolved = 1,
                              .tv_hat = 0.019,
                              .plain_relative_error = 133,
                              .effective_samples = 36.9,
                              .seconds = 38});
  for (std::int64_t row = 0; row < 40; ++row)
    scores.append(ScoreRecord{.id = id_of("forget", row),
                              .row = row,
                              .mrd = mrd_of(row),
                              .standard_error = row == 7 ? 6e-7 : 1.4e-7 * (0.5 + noise(11, row)),
                              .tokens = 14 + row % 9,
                              .loss = 0.09 + 0.1 * noise(12, row),
                              .resolved = row != 7});
}

std::string config_of(const FixtureRun& run) {
  const std::string select =
      run.stratum.empty() ? "" : fmt::format("  forget:\n    select:\n      stratum: {}\n", run.stratum);
  return fmt::format(
      "objective:\n  name: {}\n  beta: 0.1\ndata:\n  exclude: {}\n{}sampler: {}\ntrain:\n  seed: 7\n  "
      "max_steps: {}\n{}",
      run.objective, run.data_exclude, select, run.sampler, run.steps, run.more_config);
}

RunRecord run_record(const FixtureRun& run) {
  return {.name = run.name,
          .command = "train",
          .arguments = {"configs/quickstart/unlearn.yaml", "--set", "sampler=" + run.sampler},
          .config_path = "configs/quickstart/unlearn.yaml",
          .config_yaml = config_of(run),
          .objective = run.objective,
          .sampler = run.sampler,
          .purpose = run.purpose,
          .method = run.method,
          .versions = {{"lethe", "0.1.0"},
                       {"libtorch", "2.11.0"},
                       {"mpi", "Open MPI 4.1.4"},
                       {"compiler", "GCC 12.2.0"}},
          .git_commit = "0f1a4d6c2f1e",
          .hashes = {{"model", base::hash_text("model")},
                     {"tokenizer", base::hash_text("tokenizer")},
                     {"config", base::hash_text(run.sampler)}},
          .world_size = 2,
          .hosts = {"laptop", "laptop"},
          .device = "cpu",
          .compute_dtype = "bf16",
          .determinism = "reproducible",
          .seed = run.seed,
          .started = "2026-01-31T12:00:00.000Z"};
}

}  // namespace

void write_fixture(const std::filesystem::path& folder, const FixtureRun& run) {
  std::filesystem::create_directories(folder);
  const RunPaths paths{folder};
  write_run_file(paths, run_record(run));
  write_scores(folder);
  Writer writer(paths.records());
  writer.append(run_record(run));
  writer.append(ModelRecord{.role = "policy",
                            .path = "runs/planted/model",
                            .family = "llama",
                            .hash = base::hash_text("model"),
                            .num_parameters = 134515008,
                            .num_layers = 30,
                            .hidden_size = 576,
                            .vocab_size = 49152,
                            .stored_dtype = "bf16",
                            .tied_embeddings = true});
  for (const char* set : {"forget", "retain", "general"})
    writer.append(DataRecord{.set = set,
                             .path = fmt::format("configs/quickstart/data/{}.jsonl", set),
                             .hash = base::hash_text(set),
                             .num_samples = size_of(set),
                             .num_tokens = 60 * size_of(set),
                             .num_target_tokens = 17 * size_of(set),
                             .longest_tokens = 81});
  evaluate_all(writer, "before", 0, 0.91, 0.90);
  const SamplerRecord sampler = sampler_record(run);
  writer.append(sampler);
  for (std::int64_t step = 1; step <= (run.is_complete ? run.steps : run.steps / 2); ++step) {
    writer.append(step_record(run, sampler, step));
    const double progress = static_cast<double>(step) / static_cast<double>(run.steps);
    if (step % 5 == 0 && step < run.steps)
      evaluate_all(writer, fmt::format("step {}", step), step,
                   0.91 * std::pow(run.forgotten / 0.91, progress),
                   0.90 + (run.kept - 0.90) * progress * progress);
  }
  if (!run.is_complete) return;
  evaluate_all(writer, "after", run.steps, run.forgotten, run.kept);
  writer.append(
      MemoryRecord{.step = run.steps, .rank = 0, .host = "laptop", .peak_resident_bytes = 1900ull << 20});
  writer.append(SummaryRecord{.steps = run.steps,
                              .seconds = 107,
                              .ended = "2026-01-31T12:01:47.000Z",
                              .stopped_because = "the forget probability fell below 0.05",
                              .model_path = "model"});
}

}  // namespace lethe::report::testing
