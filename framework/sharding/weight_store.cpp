#include "framework/sharding/weight_store.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/base/trace.h"
#include "framework/base/wait_clock.h"
#include "framework/dist/watchdog.h"
#include "framework/sharding/slot.h"
#include "framework/sharding/wire_buffer.h"

namespace lethe::sharding {

struct WeightStore::Seated {
  int holders = 0;                       // leases alive
  const WeightSource* source = nullptr;  // through which it was (or is being) gathered
  at::Tensor buffer;       // gathered bytes; undefined when seated on the master or not gathered
  bool gathering = false;  // prefetched, not yet acquired
  dist::Event gathered;
};

namespace {

at::ScalarType master_dtype(at::ScalarType compute) {
  return compute == at::kDouble ? at::kDouble : at::kFloat;
}

}  // namespace

dist::DType dist_dtype(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return dist::DType::f32;
    case at::kDouble:
      return dist::DType::f64;
    case at::kBFloat16:
      return dist::DType::bf16;
    default:
      LETHE_CHECK(false, "no collective for dtype {}", c10::toString(dtype));
  }
}

WeightStore::WeightStore(const models::ParameterIndex& index, Grid& grid, StoreOptions options)
    : index_(index),
      grid_(grid),
      options_(options),
      layout_(index, grid.shard_size()),
      compute_(grid.device()),
      stream_(make_side_stream(grid.device(), options.prefetch)) {
  const base::MemoryScope memory(base::Memory::weights);
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s)
    masters_.push_back(at::zeros({static_cast<std::int64_t>(layout_.part_size(s))},
                                 tensor_options().dtype(master_dtype(options.compute))));
  for (const at::Tensor& master : masters_) masters_bytes_.count(master);
  for (const models::Parameter& parameter : index.parameters())
    slots_.push_back(make_slot(parameter.shape, options.compute, device()));
  seated_ = std::vector<Seated>(index.segments().size());
}

WeightStore::~WeightStore() { stream_->drain(); }

bool WeightStore::narrows() const { return options_.seen() != master_dtype(options_.compute); }

bool WeightStore::seats_on_master(const WeightSource* source) const {
  return source == nullptr && grid_.shard_size() == 1 && !narrows();
}

bool WeightStore::keeps_gathered(const WeightSource* source) const {
  return source == nullptr && grid_.zero() < 3;
}

WeightStore::Lease WeightStore::acquire(int segment, const WeightSource* source) {
  Seated& state = seated_[segment];
  if (state.holders > 0) {
    LETHE_CHECK(state.source == source, "segment {} is held through another source",
                index_.segments()[segment].name);
  } else if (seats_on_master(source)) {
    seat_segment(segment, masters_[segment].mutable_data_ptr());
  } else {
    // ZeRO below 3 keeps what it gathered; another view of the weights (scoring) needs another gather.
    if (state.buffer.defined() && !state.gathering && state.source != source)
      give_back(std::exchange(state.buffer, {}));
    const base::WaitScope waiting(base::Wait::weights);
    if (!state.buffer.defined()) start_gather(segment, source);
    LETHE_CHECK(state.source == source, "segment {} was gathered for another source",
                index_.segments()[segment].name);
    wait_for_gather(segment);
    state.gathering = false;
    seat_segment(segment, state.buffer.mutable_data_ptr());
  }
  state.source = source;
  ++state.holders;
  return Lease(this, segment);
}

WeightStore::View WeightStore::view(int segment, const WeightSource& source) {
  const auto count = static_cast<std::int64_t>(index_.segments()[segment].count);
  at::Tensor scratch = take_scratch(segment);
  {
    const at::NoGradGuard no_grad;
    const base::TraceSpan span(base::Track::compute, "view", index_.segments()[segment].name);
    at::Tensor whole = scratch.narrow(0, 0, count);
    at::Tensor out = options_.seen() == options_.compute ? whole : at::empty_like(whole, options_.seen());
    source.write({.first = index_.segments()[segment].first, .valid = static_cast<std::uint64_t>(count)},
                 whole_as_it_is(segment), out);
    if (!out.is_same(whole)) whole.copy_(out);
  }
  seat_segment(segment, scratch.mutable_data_ptr());
  return View(this, segment, std::move(scratch));
}

// [count of the segment], in the masters' dtype.
at::Tensor WeightStore::whole_as_it_is(int segment) const {
  const auto count = static_cast<std::int64_t>(index_.segments()[segment].count);
  if (grid_.shard_size() == 1) return masters_[segment].narrow(0, 0, count);
  const Seated& state = seated_[segment];
  LETHE_CHECK(can_view() && state.holders > 0 && state.source == nullptr,
              "a view of segment {}, which is not held as it is", index_.segments()[segment].name);
  return state.buffer.narrow(0, 0, count);
}

void WeightStore::end_view(int segment, at::Tensor scratch) {
  if (seated_[segment].holders > 0)
    seat_segment(segment, plain_bytes(segment));
  else
    unseat_segment(segment);
  if (options_.poison_released) scratch.fill_(std::numeric_limits<double>::quiet_NaN());
  free_scratch_.push_back(std::move(scratch));
}

void* WeightStore::plain_bytes(int segment) {
  const at::Tensor& buffer = seated_[segment].buffer;
  return (buffer.defined() ? buffer : masters_[segment]).mutable_data_ptr();
}

void WeightStore::wait_for_gather(int segment) const {
  const dist::Event& gathered = seated_[segment].gathered;
  if (gathered.reached()) return gathered.wait();  // hands on what went wrong
  const base::TraceSpan span(base::Track::compute, "wait for", index_.segments()[segment].name);
  compute_.wait_for_ranks(gathered, base::Wait::weights);
}

void WeightStore::prefetch(int segment, const WeightSource* source) {
  const Seated& state = seated_[segment];
  if (!options_.prefetch || seats_on_master(source) || state.holders > 0 || state.buffer.defined()) return;
  start_gather(segment, source);
}

void WeightStore::start_gather(int segment, const WeightSource* source) {
  Seated& state = seated_[segment];
  state.source = source;
  state.buffer = take_buffer(segment);
  state.gathering = true;
  const bool casts = options_.seen() != options_.compute;
  if (casts && !wire_buffer_.defined())
    wire_buffer_ = make_buffer(static_cast<std::int64_t>(layout_.largest_padded_size()), options_.seen());
  compute_.hold_back(*stream_);  // the buffer's last reader, and whoever wrote the masters
  stream_->enqueue([this, segment, source, casts, buffer = state.buffer] {
    const at::NoGradGuard no_grad;
    const base::TraceSpan span(base::Track::gather, "gather", index_.segments()[segment].name);
    const dist::CollectiveLabel label(index_.segments()[segment].name);
    const auto size = static_cast<std::int64_t>(layout_.padded_size(segment));
    const at::Tensor whole = buffer.narrow(0, 0, size);
    if (!casts) return gather(segment, source, whole);
    gather(segment, source, wire_buffer_.narrow(0, 0, size));
    whole.copy_(wire_buffer_.narrow(0, 0, size));
  });
  state.gathered = stream_->record();
}

// `whole` [padded_size(segment)], in the dtype that travels.
void WeightStore::gather(int segment, const WeightSource* source, at::Tensor whole) const {
  const auto part = static_cast<std::int64_t>(layout_.part_size(segment));
  at::Tensor own = whole.narrow(0, part * grid_.shard_rank(), part);
  write_own_part(segment, source, own);
  if (grid_.shard_size() == 1) return;
  const dist::DType dtype = dist_dtype(options_.seen());
  grid_.gather_group().all_gather({own.data_ptr(), static_cast<std::size_t>(part), dtype},
                                  {whole.mutable_data_ptr(), layout_.padded_size(segment), dtype});
}

void WeightStore::write_own_part(int segment, const WeightSource* source, at::Tensor& part) const {
  const ShardPart owned = layout_.part(segment, grid_.shard_rank());
  const auto valid = static_cast<std::int64_t>(owned.valid);
  const at::Tensor master = masters_[segment].narrow(0, 0, valid);
  at::Tensor out = part.narrow(0, 0, valid);
  if (source == nullptr)
    out.copy_(master);
  else
    source->write(owned, master, out);
  part.narrow(0, valid, part.size(0) - valid).zero_();
}

void WeightStore::seat_segment(int segment, void* bytes) {
  const models::Segment& whole = index_.segments()[segment];
  for (int p = whole.first_parameter; p < whole.first_parameter + whole.num_parameters; ++p) {
    const std::uint64_t offset =
        (index_.parameters()[p].first - whole.first) * c10::elementSize(options_.compute);
    seat(slots_[p], static_cast<std::byte*>(bytes) + offset);
  }
}

void WeightStore::unseat_segment(int segment) {
  const models::Segment& whole = index_.segments()[segment];
  for (int p = whole.first_parameter; p < whole.first_parameter + whole.num_parameters; ++p)
    unseat(slots_[p]);
}

void WeightStore::release(int segment) {
  Seated& state = seated_[segment];
  if (--state.holders > 0) return;
  unseat_segment(segment);
  if (!state.buffer.defined() || keeps_gathered(state.source)) return;
  give_back(std::exchange(state.buffer, {}));
}

void WeightStore::weights_changed() {
  for (Seated& state : seated_) {
    LETHE_CHECK(state.holders == 0, "weights changed while a block was reading them");
    if (state.buffer.defined()) compute_.wait(state.gathered), give_back(std::exchange(state.buffer, {}));
  }
}

at::Tensor WeightStore::take_buffer(int segment) {
  // ZeRO below 3 keeps every segment gathered, each in a buffer of its own size; ZeRO-3 and sources share
  // pooled ones.
  const auto size = static_cast<std::int64_t>(
      keeps_gathered(seated_[segment].source) ? layout_.padded_size(segment) : layout_.largest_padded_size());
  for (auto it = free_buffers_.begin(); it != free_buffers_.end(); ++it) {
    if (it->size(0) != size) continue;
    at::Tensor buffer = *it;
    free_buffers_.erase(it);
    return buffer.narrow(0, 0, size);
  }
  return make_buffer(size, options_.compute);
}

at::Tensor WeightStore::make_buffer(std::int64_t size, at::ScalarType dtype) {
  const base::MemoryScope memory(base::Memory::gathered);
  const at::TensorOptions options = tensor_options().dtype(dtype);
  const bool travels = dtype == options_.seen();
  at::Tensor buffer = travels ? wire_buffer(grid_.gather_group(), size, options) : at::empty({size}, options);
  peak_gathered_bytes_ += buffer.nbytes();
  gathered_bytes_.count(buffer);
  return buffer;
}

void WeightStore::give_back(at::Tensor buffer) {
  if (options_.poison_released) buffer.fill_(std::numeric_limits<double>::quiet_NaN());
  free_buffers_.push_back(std::move(buffer));
}

at::Tensor WeightStore::take_scratch(int segment) {
  const auto size = static_cast<std::int64_t>(layout_.scratch_size(segment));
  const auto fits = [size](const at::Tensor& buffer) { return buffer.size(0) == size; };
  const auto found = std::ranges::find_if(free_scratch_, fits);
  if (found != free_scratch_.end()) {
    at::Tensor scratch = std::move(*found);
    free_scratch_.erase(found);
    return scratch;
  }
  const base::MemoryScope memory(base::Memory::gathered);
  at::Tensor scratch = at::empty({size}, tensor_options());
  peak_gathered_bytes_ += scratch.nbytes();
  gathered_bytes_.count(scratch);
  return scratch;
}

std::size_t WeightStore::gathered_bytes() const noexcept {
  std::size_t bytes = wire_buffer_.defined() ? wire_buffer_.nbytes() : 0;
  for (const Seated& state : seated_) bytes += state.buffer.defined() ? state.buffer.nbytes() : 0;
  return bytes;
}

void WeightStore::load(const std::function<void(std::uint64_t, std::span<float>)>& read) {
  for (std::size_t s = 0; s < masters_.size(); ++s) {
    const ShardPart part = layout_.part(static_cast<int>(s), grid_.shard_rank());
    at::Tensor values = at::empty({static_cast<std::int64_t>(part.valid)}, at::kFloat);
    if (part.valid > 0) read(part.first, {values.mutable_data_ptr<float>(), part.valid});
    masters_[s].narrow(0, 0, values.size(0)).copy_(values);
  }
  weights_changed();
}

void WeightStore::save(const std::function<void(std::uint64_t, std::span<const float>)>& write) const {
  for (std::size_t s = 0; s < masters_.size(); ++s) {
    const ShardPart part = layout_.part(static_cast<int>(s), grid_.shard_rank());
    if (part.valid == 0) continue;
    const at::Tensor values =
        masters_[s].narrow(0, 0, static_cast<std::int64_t>(part.valid)).to(at::kCPU, at::kFloat).contiguous();
    write(part.first, {values.const_data_ptr<float>(), part.valid});
  }
}

}  // namespace lethe::sharding
