#include "framework/sharding/gradient_store.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/sharding/weight_store.h"

namespace lethe::sharding {

GradientStore::GradientStore(const models::ParameterIndex& index, Grid& grid, at::ScalarType dtype,
                             bool overlap)
    : index_(index),
      grid_(grid),
      layout_(index, grid.shard_size()),
      dtype_(dtype),
      stream_(overlap ? dist::make_worker_stream() : dist::make_inline_stream()) {
  const auto zeros = [&](std::uint64_t size) { return at::zeros({static_cast<std::int64_t>(size)}, dtype_); };
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s) {
    parts_.push_back(zeros(layout_.part_size(s)));
    if (grid.shard_size() > 1 && grid.zero() == 1) whole_.push_back(zeros(layout_.padded_size(s)));
  }
}

GradientStore::~GradientStore() { stream_->synchronize(); }

void GradientStore::zero() {
  stream_->synchronize();
  for (at::Tensor& part : parts_) part.zero_();
  for (at::Tensor& whole : whole_) whole.zero_();
}

void GradientStore::open(int segment) {
  LETHE_CHECK(open_ < 0, "segment {} is still open", open_);
  open_ = segment;
  if (grid_.shard_size() == 1) {
    current_ = parts_[segment];
  } else if (!whole_.empty()) {
    current_ = whole_[segment];
  } else {
    at::Tensor& buffer = buffers_[turn_];
    if (!buffer.defined())
      buffer = at::empty({static_cast<std::int64_t>(layout_.largest_padded_size())}, dtype_);
    reduced_[turn_].wait();  // without it, the gradients of two segments ago may still be on their way out of
                             // this buffer
    current_ = buffer.narrow(0, 0, static_cast<std::int64_t>(layout_.padded_size(segment))).zero_();
  }
}

at::Tensor GradientStore::view(int parameter) {
  const models::Parameter& p = index_.parameters()[parameter];
  LETHE_CHECK(p.segment == open_, "{} is not of the open segment", p.name);
  const std::uint64_t offset = p.first - index_.segments()[open_].first;
  return current_.narrow(0, static_cast<std::int64_t>(offset), static_cast<std::int64_t>(p.count))
      .view(p.shape);
}

void GradientStore::close() {
  const int segment = std::exchange(open_, -1);
  if (grid_.shard_size() == 1 || !whole_.empty()) return;
  stream_->enqueue([this, segment, whole = current_] { reduce(segment, whole); });
  reduced_[turn_] = stream_->record();
  turn_ ^= 1;
}

void GradientStore::reduce(int segment, at::Tensor whole) {
  const at::NoGradGuard no_grad;
  const auto size = static_cast<std::int64_t>(layout_.part_size(segment));
  if (!incoming_.defined())
    incoming_ =
        at::empty({static_cast<std::int64_t>(layout_.largest_padded_size()) / grid_.shard_size()}, dtype_);
  at::Tensor incoming = incoming_.narrow(0, 0, size);
  const dist::DType dtype = dist_dtype(dtype_);
  grid_.reduce_group().reduce_scatter({whole.data_ptr(), layout_.padded_size(segment), dtype},
                                      {incoming.mutable_data_ptr(), static_cast<std::size_t>(size), dtype});
  parts_[segment].add_(incoming);
}

void GradientStore::finish() {
  stream_->synchronize();
  for (std::size_t s = 0; s < whole_.size(); ++s) reduce(static_cast<int>(s), whole_[s]);
  if (grid_.num_replicas() == 1) return;
  for (at::Tensor& part : parts_)
    grid_.replica_group().all_reduce(
        {part.mutable_data_ptr(), static_cast<std::size_t>(part.numel()), dist_dtype(dtype_)});
}

}  // namespace lethe::sharding
