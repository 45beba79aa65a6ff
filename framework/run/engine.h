// A model on the ranks of a run: shape, grid, weights, walk. Constructed from the configuration; the commands
// put objectives, scores and evaluations on it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/models/decoder_model.h"
#include "framework/models/loader.h"
#include "framework/run/run_config.h"
#include "framework/sharding/weight_store.h"
#include "framework/walk/block_walk.h"

namespace lethe::run {

class Engine {
 public:
  // Collective over `world`. tokenizer_vocab: of random models; shape: see run/grid_choice.h. `placement`:
  // where it computes; outlives it.
  Engine(const RunConfig& config, dist::ProcessGroup& world, std::int64_t tokenizer_vocab,
         sharding::GridShape shape, sharding::Placement placement = {});

  dist::ProcessGroup& world;
  models::DecoderModel model;
  std::unique_ptr<sharding::Grid> grid;
  std::unique_ptr<sharding::WeightStore> weights;
  std::unique_ptr<walk::BlockWalk> walk;
  std::string weights_hash;                     // of what the run started from: ModelFiles::hash()
  std::string model_hash;                       // of these weights and the model's configuration
  std::uint64_t random_seed = 0;                // of a random model's weights
  std::optional<std::filesystem::path> source;  // the model directory
  std::filesystem::path tokenizer;              // model.tokenizer: an export takes its files along
  models::FileDType stored_dtype = models::FileDType::f32;  // of most of the source's elements
  std::vector<models::FileDType> stored_dtypes;  // of its parameters, which an export keeps; none: random

  // The weights that the run started from, into another store of the same model. Collective.
  void load_start(sharding::WeightStore& store) const;
  // As model_hash, of every byte of the weights that the run started from: reads all of them.
  [[nodiscard]] std::string content_hash() const;
  // Writes the weights as a Hugging Face directory, complete or absent. Collective.
  void export_model(const std::filesystem::path& target) const;

 private:
  void start_at_random();
  void start_from_files();
  std::uint64_t export_bytes() const;
};

// Those of a rank for arithmetic. Elastic runs take one unless parallel.threads says otherwise: how matrix
// products split their sums must not depend on the machine's cores where other machines are to give the same
// bits.
void set_threads(const RunConfig& config);
// Of the run's model: read from its directory, or the random one's. Looks at no weight.
[[nodiscard]] models::HfConfig model_shape(const RunConfig& config, std::int64_t tokenizer_vocab);
[[nodiscard]] at::ScalarType compute_dtype(const std::string& word);
// Of gradients: how they are added up, and how they travel.
[[nodiscard]] at::ScalarType gradient_dtype(const RunConfig& config);
[[nodiscard]] at::ScalarType reduction_dtype(const RunConfig& config);
// Compute and wire dtype of every store of a model's weights; without prefetch.
[[nodiscard]] sharding::StoreOptions store_options(const RunConfig& config);
// Where the tokenizer lies: model.tokenizer, or the model's directory.
[[nodiscard]] std::filesystem::path tokenizer_directory(const RunConfig& config);

}  // namespace lethe::run
