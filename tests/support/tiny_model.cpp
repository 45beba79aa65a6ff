#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>

#include "framework/base/random.h"

namespace lethe::testing {

models::DecoderModel tiny_model(TinyShape shape) {
  models::HfConfig config;
  config.architecture = shape.qkv_bias ? "Qwen2ForCausalLM" : "LlamaForCausalLM";
  config.vocab_size = 61;
  config.hidden_size = 24;
  config.intermediate_size = 40;
  config.num_layers = shape.layers;
  config.num_heads = 4;
  config.num_kv_heads = 2;
  config.head_dim = 6;
  config.tie_word_embeddings = shape.tied;
  return models::make_decoder_model(config);
}

void fill_tiny_weights(const models::ParameterIndex& index, std::uint64_t first, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(
        0.1 * base::gaussian({.seed = 7, .stream = base::Stream::initial_weights}, first + i));
  for (const models::Parameter& p : index.parameters()) {
    if (p.shape.size() != 1 || p.name.find("norm") == std::string::npos) continue;
    for (std::uint64_t g = std::max(p.first, first); g < std::min(p.first + p.count, first + out.size()); ++g)
      out[g - first] += 1;
  }
}

std::vector<std::vector<std::int32_t>> tiny_documents(int count, std::uint64_t seed, std::int64_t vocab) {
  std::vector<std::vector<std::int32_t>> documents(count);
  for (int d = 0; d < count; ++d) {
    const auto words = base::random_words({.seed = seed}, static_cast<std::uint64_t>(d));
    documents[d].resize(4 + words[0] % 9);
    for (std::size_t t = 0; t < documents[d].size(); ++t)
      documents[d][t] =
          static_cast<std::int32_t>(base::random_words({.seed = seed, .draw = 1}, d * 100 + t)[0] % vocab);
  }
  return documents;
}

data::Pack tiny_pack(const std::vector<std::vector<std::int32_t>>& documents, std::span<const int> which) {
  std::vector<data::Document> chosen;
  for (const int d : which) chosen.push_back({.ids = documents[d], .prompt_tokens = 1 + d % 3});
  return data::make_pack(chosen);
}

TinyEngine::TinyEngine(const models::DecoderModel& model, dist::ProcessGroup& world,
                       sharding::GridShape shape, sharding::StoreOptions options,
                       std::optional<at::ScalarType> reduction, sharding::Placement placement)
    : grid(world, shape, placement),
      weights(model.index, grid, options),
      gradients(model.index, grid, options.compute == at::kDouble ? at::kDouble : at::kFloat,
                options.prefetch, {}, reduction) {
  weights.load(
      [&](std::uint64_t first, std::span<float> out) { fill_tiny_weights(model.index, first, out); });
}

at::Tensor whole_gradient(const models::ParameterIndex& index, sharding::GradientStore& gradients) {
  at::Tensor whole = at::zeros({static_cast<std::int64_t>(index.size())}, at::kDouble);
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s) {
    const auto part = gradients.layout().part(s, gradients.grid().shard_rank());
    const auto valid = static_cast<std::int64_t>(part.valid);
    whole.narrow(0, static_cast<std::int64_t>(part.first), valid)
        .copy_(gradients.part(s).narrow(0, 0, valid));
  }
  gradients.grid().shard_group().all_reduce(
      {whole.mutable_data_ptr(), static_cast<std::size_t>(whole.numel()), dist::DType::f64});
  return whole;
}

double largest_tensor_difference(const models::ParameterIndex& index, const at::Tensor& a,
                                 const at::Tensor& b) {
  double largest = 0;
  for (const models::Parameter& p : index.parameters()) {
    const auto cut = [&](const at::Tensor& x) {
      return x.narrow(0, static_cast<std::int64_t>(p.first), static_cast<std::int64_t>(p.count));
    };
    const double scale = std::max(cut(b).norm().item<double>(), 1e-30);
    const double difference = (cut(a) - cut(b)).norm().item<double>() / scale;
    if (!(difference <= largest)) largest = difference;  // a NaN stays
  }
  return largest;
}

}  // namespace lethe::testing
