// A model on the ranks of a run: shape, grid, weights, walk. Constructed from the configuration; the commands
// put objectives, scores and evaluations on it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

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
  std::string model_hash;                                   // of the weights that the run started from
  std::uint64_t random_seed = 0;                            // of a random model's weights
  std::optional<std::filesystem::path> source;              // the model directory
  models::FileDType stored_dtype = models::FileDType::f32;  // of the files; an export writes it again

  // The weights that the run started from, into another store of the same model. Collective.
  void load_start(sharding::WeightStore& store) const;
  // Writes the weights as a Hugging Face directory, complete or absent. Collective.
  void export_model(const std::filesystem::path& target) const;
};

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
