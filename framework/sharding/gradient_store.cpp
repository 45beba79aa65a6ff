#include "framework/sharding/gradient_store.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/base/trace.h"
#include "framework/base/wait_clock.h"
#include "framework/dist/watchdog.h"
#include "framework/ops/add_into.h"
#include "framework/sharding/weight_store.h"
#include "framework/sharding/wire_buffer.h"

namespace lethe::sharding {

std::vector<bool> segments_with_trained(const models::ParameterIndex& index,
                                        const std::vector<bool>& trained) {
  std::vector<bool> segments(index.segments().size(), trained.empty());
  for (std::size_t p = 0; p < trained.size(); ++p)
    if (trained[p]) segments[index.parameters()[p].segment] = true;
  return segments;
}

GradientStore::GradientStore(const models::ParameterIndex& index, Grid& grid, at::ScalarType dtype,
                             bool overlap, std::vector<bool> trained, std::optional<at::ScalarType> reduction)
    : index_(index),
      grid_(grid),
      layout_(index, grid.shard_size()),
      dtype_(dtype),
      reduction_(reduction.value_or(dtype)),
      trained_(std::move(trained)),
      trained_segments_(segments_with_trained(index, trained_)),
      compute_(grid.device()),
      stream_(make_side_stream(grid.device(), overlap)) {
  const base::MemoryScope memory(base::Memory::gradients);
  const auto zeros = [&](int segment, std::uint64_t size) {
    return at::zeros({trains_segment(segment) ? static_cast<std::int64_t>(size) : 0}, tensor_options());
  };
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s) {
    parts_.push_back(zeros(s, layout_.part_size(s)));
    device_bytes_.count(parts_.back());
  }
  if (grid.shard_size() > 1 && grid.zero() == 1) whole_.resize(parts_.size());
}

GradientStore::~GradientStore() { stream_->drain(); }

void GradientStore::zero() {
  stream_->synchronize();
  leaves_.reset();
  for (at::Tensor& part : parts_) part.zero_();
  for (at::Tensor& whole : whole_)
    if (whole.defined()) whole.zero_();
}

void GradientStore::fold_leaves(int num_leaves) {
  stream_->synchronize();
  leaves_ = std::make_unique<LeafSums>(layout_, grid_, dtype_, reduction_, num_leaves);
}

void GradientStore::begin_wave(std::vector<std::vector<int>> leaves_by_rank) {
  LETHE_CHECK(leaves_ != nullptr, "a wave of leaves without fold_leaves()");
  leaves_->begin_wave(std::move(leaves_by_rank));
}

// For whole sums, which travel themselves where no other dtype does.
at::Tensor GradientStore::sums_buffer(std::uint64_t size) const {
  const auto count = static_cast<std::int64_t>(size);
  return reduction_ == dtype_ ? wire_buffer(grid_.reduce_group(), count, tensor_options())
                              : at::empty({count}, tensor_options());
}

// Made when it is first needed: sums of leaves never do.
const at::Tensor& GradientStore::whole(int segment) {
  const base::MemoryScope memory(base::Memory::gradients);
  at::Tensor& whole = whole_[segment];
  if (!whole.defined()) {
    whole = sums_buffer(layout_.padded_size(segment)).zero_();
    device_bytes_.count(whole);
  }
  return whole;
}

at::Tensor GradientStore::next_buffer(int segment) {
  const base::MemoryScope memory(base::Memory::gradients);
  at::Tensor& buffer = buffers_[turn_];
  if (!buffer.defined()) {
    buffer = sums_buffer(layout_.largest_padded_size());
    device_bytes_.count(buffer);
  }
  return buffer.narrow(0, 0, static_cast<std::int64_t>(layout_.padded_size(segment))).zero_();
}

void GradientStore::open(int segment) {
  LETHE_CHECK(open_ < 0, "segment {} is still open", open_);
  LETHE_CHECK(trains_segment(segment), "segment {} is frozen", index_.segments()[segment].name);
  open_ = segment;
  wait_for_buffer();  // without it, the gradients of two segments ago may still be on their way out of
                      // this buffer
  if (leaves_)
    leaves_->open(segment);
  else if (grid_.shard_size() == 1)
    current_ = parts_[segment];
  else
    current_ = whole_.empty() ? next_buffer(segment) : whole(segment);
}

void GradientStore::wait_for_buffer() {
  const base::WaitScope waiting(base::Wait::gradients);
  if (reduced_[turn_].reached()) return reduced_[turn_].wait();  // hands on what went wrong
  const base::TraceSpan span(base::Track::compute, "wait for a gradient buffer");
  compute_.wait_for_ranks(reduced_[turn_], base::Wait::gradients);
}

void GradientStore::begin_leaf(int leaf, LeafAdds adds) {
  const base::MemoryScope memory(base::Memory::gradients);
  if (leaves_) current_ = leaves_->begin_leaf(leaf, adds);
}

void GradientStore::add(int parameter, const at::Tensor& gradient) {
  leaves_ ? leaves_->add(parameter, gradient) : ops::add_into(view(parameter), gradient);
}

void GradientStore::add_rows(int parameter, const at::Tensor& rows, const at::Tensor& gradient) {
  const at::Tensor wide = gradient.to(dtype_);
  if (!leaves_) return void(view(parameter).index_add_(0, rows, wide));
  // What a leaf gives one row is summed before it meets another leaf's.
  const auto [named, place, counts] = at::_unique2(rows, /*sorted=*/true, /*return_inverse=*/true);
  const at::Tensor sums = at::zeros({named.size(0), wide.size(1)}, wide.options()).index_add_(0, place, wide);
  leaves_->add_rows(parameter, named, sums);
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
  const at::Tensor whole = std::exchange(current_, {});
  if (leaves_) {
    FoldTree partial;
    if (!leaves_->close(partial)) return;
    enqueue_reduction(segment,
                      [this, segment, use = leaves_->open_use(), wave = leaves_->wave(),
                       partial = std::move(partial)] { leaves_->reduce(segment, use, wave, partial); });
  } else if (grid_.shard_size() > 1 && whole_.empty()) {
    enqueue_reduction(segment, [this, segment, whole] { reduce(segment, whole); });
  }
}

void GradientStore::enqueue_reduction(int segment, std::function<void()> reduction) {
  auto work = [this, segment, reduction = std::move(reduction), counters = base::MemoryScope::counters()] {
    const at::NoGradGuard no_grad;
    const base::MemoryScope memory(counters, base::Memory::gradients);
    const base::TraceSpan span(base::Track::reduce, "reduce", index_.segments()[segment].name);
    const dist::CollectiveLabel label(index_.segments()[segment].name);
    reduction();
  };
  // A GPU's allocator gives a leaf's memory to the arithmetic again as soon as the host lets go of it.
  if (leaves_ && !grid_.device().is_cpu()) return in_compute_order(grid_.device(), work);
  compute_.hold_back(*stream_);  // the gradients that it takes out
  stream_->enqueue(std::move(work));
  reduced_[turn_] = stream_->record();
  turn_ ^= 1;
}

void GradientStore::reduce(int segment, at::Tensor whole) {
  const auto size = static_cast<std::int64_t>(layout_.part_size(segment));
  if (!incoming_.defined()) {
    incoming_ = wire_buffer(grid_.reduce_group(),
                            static_cast<std::int64_t>(layout_.largest_padded_size()) / grid_.shard_size(),
                            tensor_options().dtype(reduction_));
    device_bytes_.count(incoming_);
  }
  at::Tensor incoming = incoming_.narrow(0, 0, size);
  const at::Tensor sent = as_sent(whole);
  const dist::DType dtype = dist_dtype(reduction_);
  grid_.reduce_group().reduce_scatter({sent.const_data_ptr(), layout_.padded_size(segment), dtype},
                                      {incoming.mutable_data_ptr(), static_cast<std::size_t>(size), dtype});
  ops::add_into(parts_[segment], incoming);
}

void GradientStore::sum_over_replicas(int segment) {
  at::Tensor& part = parts_[segment];
  at::Tensor sent = as_sent(part);
  grid_.replica_group().all_reduce(
      {sent.mutable_data_ptr(), static_cast<std::size_t>(sent.numel()), dist_dtype(reduction_)});
  if (!sent.is_same(part)) part.copy_(sent);
}

// `sums` in the dtype that travels; the tensor itself where that is its own.
at::Tensor GradientStore::as_sent(const at::Tensor& sums) {
  if (reduction_ == dtype_) return sums;
  if (!sent_.defined()) {
    sent_ = wire_buffer(grid_.shard_size() > 1 ? grid_.reduce_group() : grid_.replica_group(),
                        static_cast<std::int64_t>(layout_.largest_padded_size()),
                        tensor_options().dtype(reduction_));
    device_bytes_.count(sent_);
  }
  return sent_.narrow(0, 0, sums.numel()).copy_(sums);
}

void GradientStore::finish() {
  const at::NoGradGuard no_grad;
  const base::MemoryScope memory(base::Memory::gradients);
  const base::WaitScope waiting(base::Wait::gradients);
  {
    const base::TraceSpan span(base::Track::compute, "wait for reductions");
    compute_.wait_for_ranks(stream_->record(), base::Wait::gradients);
  }
  in_compute_order(grid_.device(), [&] {
    for (int s = 0; s < static_cast<int>(parts_.size()); ++s)
      if (trains_segment(s)) finish_segment(s);
  });
  leaves_.reset();
}

void GradientStore::finish_segment(int segment) {
  const dist::CollectiveLabel label(index_.segments()[segment].name);
  at::Tensor& part = parts_[segment];
  if (leaves_) return leaves_->finish(segment, part);
  if (!whole_.empty()) reduce(segment, whole(segment));
  if (grid_.num_replicas() > 1) sum_over_replicas(segment);
}

std::size_t GradientStore::bytes() const noexcept {
  std::size_t total = leaves_ ? leaves_->bytes() : 0;
  for (const auto* tensors : {&parts_, &whole_})
    for (const at::Tensor& tensor : *tensors) total += tensor.defined() ? tensor.nbytes() : 0;
  for (const at::Tensor& tensor : {buffers_[0], buffers_[1], incoming_, sent_})
    total += tensor.defined() ? tensor.nbytes() : 0;
  return total;
}

}  // namespace lethe::sharding
