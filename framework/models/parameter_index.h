// The canonical order: every logical element of the model has one 64-bit index. Tensors stand in manifest
// order (embedding, layers, final norm, head), row-major, without padding; a tied tensor appears once. Noise,
// sharding, checkpoints and hashes are keyed by this index, so nothing depends on the number of ranks.
//
// A *segment* is a run of consecutive indices that is gathered together (the embedding, one layer, the final
// norm, an untied head). A block of the walk uses one or more segments; a tied head uses the embedding's.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::models {

struct Parameter {
  std::string name;  // the tensor's name in the model directory: "model.layers.0.mlp.up_proj.weight"
  std::vector<std::int64_t> shape;
  std::uint64_t first = 0;  // canonical index of its first element
  std::uint64_t count = 0;
  int segment = 0;
};

struct Segment {
  std::string name;  // "embedding", "layer 3", "final norm", "head"
  std::uint64_t first = 0, count = 0;
  int first_parameter = 0, num_parameters = 0;
};

class ParameterIndex {
 public:
  // Tensors are appended in canonical order.
  void begin_segment(std::string name);
  int add(std::string name, std::vector<std::int64_t> shape);  // returns the parameter's number

  const std::vector<Parameter>& parameters() const noexcept { return parameters_; }
  const std::vector<Segment>& segments() const noexcept { return segments_; }
  std::uint64_t size() const noexcept { return size_; }  // logical elements in all
  const Parameter* find(std::string_view name) const noexcept;

 private:
  std::vector<Parameter> parameters_;
  std::vector<Segment> segments_;
  std::uint64_t size_ = 0;
};

// Cuts the canonical range [first, first + count) by parameters: `visit(parameter, first element inside it,
// elements)`, in order. A range that leaves the index is a bug.
void for_each_piece(const ParameterIndex& index, std::uint64_t first, std::uint64_t count,
                    const std::function<void(int, std::uint64_t, std::uint64_t)>& visit);

}  // namespace lethe::models
