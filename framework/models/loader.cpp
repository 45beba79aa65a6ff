#include "framework/models/loader.h"

#include <algorithm>
#include <map>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

void refuse_missing(const ParameterIndex& index, const ModelTensors& tensors) {
  std::vector<std::string> missing;
  for (const Parameter& parameter : index.parameters()) {
    if (tensors.find(parameter.name) == nullptr) missing.push_back(parameter.name);
  }
  if (missing.empty()) return;
  if (missing == std::vector<std::string>{"lm_head.weight"}) {
    fail("model.tied", "lm_head.weight missing; set tie_word_embeddings: true if it is tied");
  }
  fail("model.tensor", fmt::format("missing {} (first: {})", missing.size(), missing.front()),
       "config.json and the tensor files do not belong together, or the download is unfinished");
}

void check_view(const Parameter& parameter, const TensorView& view) {
  if (!holds_weights(view.dtype)) {
    fail("safetensors.dtype",
         fmt::format("{}: {} where BF16/F16/F32 is expected", parameter.name, name_of(view.dtype)));
  }
  if (std::ranges::equal(parameter.shape, view.shape)) return;
  fail("model.shape",
       fmt::format("{} is {}, config.json asks for {}", parameter.name,
                   readable_shape({view.shape.begin(), view.shape.end()}), readable_shape(parameter.shape)));
}

// A bias beside a weight of ours would change what the model computes; other extras (buffers, a tied head) do
// not.
void refuse_bias(const ParameterIndex& index, std::string_view name) {
  constexpr std::string_view kBias = ".bias";
  if (!name.ends_with(kBias)) return;
  const std::string weight = std::string(name.substr(0, name.size() - kBias.size())) + ".weight";
  if (index.find(weight) == nullptr) return;
  fail("model.tensor",
       fmt::format("{} is there, but the architecture of config.json has no such bias", printable(name)));
}

void warn_of_extras(const ParameterIndex& index, const ModelTensors& tensors) {
  if (tensors.tensors().size() == index.parameters().size()) return;
  std::vector<std::string_view> ours;
  for (const Parameter& parameter : index.parameters()) ours.push_back(parameter.name);
  std::ranges::sort(ours);
  std::vector<std::string_view> extras;
  for (const auto& [name, view] : tensors.tensors()) {
    if (!std::ranges::binary_search(ours, name)) extras.push_back(name);
  }
  for (const std::string_view name : extras) refuse_bias(index, name);
  base::warn_once("model.tensor", fmt::format("{} tensors are not used by this architecture (first: {})",
                                              extras.size(), printable(extras.front())));
}

}  // namespace

ModelFiles::ModelFiles(const std::filesystem::path& directory, const ParameterIndex& index)
    : index_(index), tensors_(directory) {
  refuse_missing(index, tensors_);
  for (const Parameter& parameter : index.parameters()) {
    views_.push_back(tensors_.find(parameter.name));
    check_view(parameter, *views_.back());
  }
  warn_of_extras(index, tensors_);
}

void ModelFiles::read(std::uint64_t first, std::span<float> out) const {
  for_each_piece(index_, first, out.size(), [&](int parameter, std::uint64_t inside, std::uint64_t count) {
    const TensorView& view = *views_[parameter];
    const std::uint64_t width = size_of(view.dtype);
    decode(view.dtype, view.bytes.subspan(inside * width, count * width), out.first(count));
    out = out.subspan(count);
  });
}

std::vector<FileDType> ModelFiles::dtypes() const {
  std::vector<FileDType> all;
  for (const TensorView* view : views_) all.push_back(view->dtype);
  return all;
}

FileDType ModelFiles::dtype_of_most() const {
  std::map<FileDType, std::uint64_t> elements;
  for (const TensorView* view : views_) elements[view->dtype] += view->bytes.size() / size_of(view->dtype);
  return std::ranges::max_element(elements, {}, [](const auto& pair) { return pair.second; })->first;
}

template <class Add>
std::string ModelFiles::hash_of(Add add) const {
  base::Hasher hasher;
  for (const TensorView* view : views_) {
    hasher.add(view->name).add(name_of(view->dtype)).add(std::as_bytes(view->shape));
    add(hasher, view->bytes);
  }
  return hasher.hex();
}

std::string ModelFiles::hash() const {
  return hash_of([](base::Hasher& hasher, std::span<const std::byte> bytes) {
    constexpr std::size_t kSamples = 32, kSampleBytes = 4096;
    if (bytes.size() <= kSamples * kSampleBytes) {
      hasher.add(bytes);
      return;
    }
    const std::size_t step = (bytes.size() - kSampleBytes) / (kSamples - 1);
    for (std::size_t i = 0; i < kSamples; ++i) hasher.add(bytes.subspan(i * step, kSampleBytes));
  });
}

std::string ModelFiles::content_hash() const {
  return hash_of([](base::Hasher& hasher, std::span<const std::byte> bytes) { hasher.add(bytes); });
}

std::string ModelFiles::identity() const {
  base::Hasher hasher;
  for (const SafetensorsFile& file : tensors_.files()) hasher.add(file.identity());
  return hasher.hex();
}

std::string model_hash(const HfConfig& config, const std::string& weights_hash) {
  return base::Hasher().add(weights_hash).add(to_config_json(config)).hex();
}

}  // namespace lethe::models
