#include "framework/models/parameter_index.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::models {

void ParameterIndex::begin_segment(std::string name) {
  segments_.push_back(
      {.name = std::move(name), .first = size_, .first_parameter = static_cast<int>(parameters_.size())});
}

int ParameterIndex::add(std::string name, std::vector<std::int64_t> shape) {
  LETHE_CHECK(!segments_.empty(), "a parameter belongs to a segment");
  std::uint64_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::uint64_t>(extent);
  parameters_.push_back({.name = std::move(name),
                         .shape = std::move(shape),
                         .first = size_,
                         .count = count,
                         .segment = static_cast<int>(segments_.size()) - 1});
  segments_.back().count += count;
  segments_.back().num_parameters += 1;
  size_ += count;
  return static_cast<int>(parameters_.size()) - 1;
}

const Parameter* ParameterIndex::find(std::string_view name) const noexcept {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

void for_each_piece(const ParameterIndex& index, std::uint64_t first, std::uint64_t count,
                    const std::function<void(int, std::uint64_t, std::uint64_t)>& visit) {
  LETHE_CHECK(first <= index.size() && count <= index.size() - first, "elements {} + {} of {}", first, count,
              index.size());
  const auto& parameters = index.parameters();
  auto at = std::ranges::upper_bound(parameters, first, {}, &Parameter::first) - 1;
  for (const std::uint64_t end = first + count; first < end; ++at) {
    const std::uint64_t inside = first - at->first, piece = std::min(at->count - inside, end - first);
    visit(static_cast<int>(at - parameters.begin()), inside, piece);
    first += piece;
  }
}

}  // namespace lethe::models
