#include "framework/run/engine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <functional>
#include <numeric>

#include "framework/base/atomic_file.h"
#include "framework/base/hash.h"
#include "framework/models/exporter.h"
#include "framework/models/model_path.h"
#include "framework/models/random_init.h"
#include "framework/run/agreement.h"

namespace lethe::run {
namespace {

// The levels of determinism that concern arithmetic: no operation may add in the order of arrival.
void set_arithmetic(const RunConfig& config) {
  set_threads(config);
  at::globalContext().setDeterministicAlgorithms(config.determinism != "fast", /*warn_only=*/false);
  at::globalContext().setDeterministicFillUninitializedMemory(false);  // what is read is written first
}

void load_files(const models::ModelFiles& files, sharding::WeightStore& store) {
  store.load([&](std::uint64_t first, std::span<float> out) { files.read(first, out); });
}

}  // namespace

void set_threads(const RunConfig& config) {
  const std::int64_t threads =
      config.parallel.threads == 0 && config.determinism == "elastic" ? 1 : config.parallel.threads;
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
}

models::HfConfig model_shape(const RunConfig& config, std::int64_t tokenizer_vocab) {
  if (config.model.init != "random")
    return models::read_hf_config(models::resolve_model_path(config.model.path));
  models::HfConfig shape = config.model.random;
  shape.vocab_size = tokenizer_vocab;
  return shape;
}

at::ScalarType compute_dtype(const std::string& word) {
  return word == "bfloat16" ? at::kBFloat16 : word == "float64" ? at::kDouble : at::kFloat;
}

at::ScalarType gradient_dtype(const RunConfig& config) {
  return config.model.compute == "float64" ? at::kDouble : at::kFloat;
}

at::ScalarType reduction_dtype(const RunConfig& config) {
  return config.precision.gradients == "bfloat16" ? at::kBFloat16 : gradient_dtype(config);
}

sharding::StoreOptions store_options(const RunConfig& config) {
  sharding::StoreOptions options{.compute = compute_dtype(config.model.compute)};
  if (config.precision.wire != "auto") options.wire = compute_dtype(config.precision.wire);
  return options;
}

std::filesystem::path tokenizer_directory(const RunConfig& config) {
  return config.model.tokenizer.empty() ? models::resolve_model_path(config.model.path)
                                        : std::filesystem::path(config.model.tokenizer);
}

Engine::Engine(const RunConfig& config, dist::ProcessGroup& group, std::int64_t tokenizer_vocab,
               sharding::GridShape shape, sharding::Placement placement)
    : world(group) {
  set_arithmetic(config);
  const bool random = config.model.init == "random";
  if (!random) source = models::resolve_model_path(config.model.path);
  model = models::make_decoder_model(model_shape(config, tokenizer_vocab));
  grid = std::make_unique<sharding::Grid>(world, shape, placement);
  sharding::StoreOptions options = store_options(config);
  options.prefetch = config.parallel.prefetch;
  weights = std::make_unique<sharding::WeightStore>(model.index, *grid, options);
  tokenizer = config.model.tokenizer;
  random_seed = config.model.seed;
  if (random)
    start_at_random();
  else
    start_from_files();
  walk =
      std::make_unique<walk::BlockWalk>(model, *weights,
                                        walk::WalkOptions{.recompute = config.parallel.recompute,
                                                          .offload_inputs = config.parallel.offload_inputs});
}

void Engine::start_at_random() {
  weights_hash = base::Hasher()
                     .add("random")
                     .add(std::to_string(random_seed))
                     .add(models::to_config_json(model.config))
                     .hex();
  model_hash = weights_hash;
  load_start(*weights);
}

void Engine::start_from_files() {
  const models::ModelFiles files(*source, model.index);
  weights_hash = files.hash();
  model_hash = models::model_hash(model.config, weights_hash);
  require_same_on_ranks(world, model_hash, "model.changed", "file",
                        "the model must stay as it is while a run starts, and be the same on every node");
  load_files(files, *weights);
  stored_dtype = files.dtype_of_most();
  stored_dtypes = files.dtypes();
}

std::string Engine::content_hash() const {
  if (!source) return model_hash;
  return models::model_hash(model.config, models::ModelFiles(*source, model.index).content_hash());
}

void Engine::load_start(sharding::WeightStore& store) const {
  if (source) {
    load_files(models::ModelFiles(*source, model.index), store);
  } else {
    store.load([&](std::uint64_t first, std::span<float> out) {
      models::random_weights(model.index, random_seed, first, out);
    });
  }
}

// Of the weights as an export writes them.
std::uint64_t Engine::export_bytes() const {
  if (stored_dtypes.empty()) return model.index.size() * models::size_of(stored_dtype);
  const auto& parameters = model.index.parameters();
  return std::transform_reduce(parameters.begin(), parameters.end(), stored_dtypes.begin(), std::uint64_t{0},
                               std::plus<>(),
                               [](const models::Parameter& parameter, models::FileDType dtype) {
                                 return parameter.count * models::size_of(dtype);
                               });
}

void Engine::export_model(const std::filesystem::path& target) const {
  base::require_space(target.parent_path(), export_bytes(), target.filename().string());
  models::Exporter exporter(target, model.index, model.config, stored_dtype, source,
                            {.dtypes = stored_dtypes, .tokenizer = tokenizer});
  if (world.rank() == 0) exporter.create();
  world.barrier();  // the file is there, with its size
  if (world.rank() < grid->shard_size())
    weights->save([&](std::uint64_t first, std::span<const float> values) { exporter.write(first, values); });
  exporter.finish_rank();
  world.barrier();  // every rank's ranges are on disk
  if (world.rank() == 0) exporter.publish();
  world.barrier();  // nobody reads a model that is not there yet
}

}  // namespace lethe::run
