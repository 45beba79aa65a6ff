// The weights of a rank: its part of every segment as master weights, and the slots through which blocks read
// gathered weights. Acquire a segment (gather and seat), run, release (unseat). Every world goes this way,
// one rank too; where the rank holds the whole segment in the compute dtype, seating costs no copy.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "framework/dist/stream.h"
#include "framework/models/parameter_index.h"
#include "framework/sharding/device_bytes.h"
#include "framework/sharding/device_stream.h"
#include "framework/sharding/grid.h"
#include "framework/sharding/shard_layout.h"
#include "framework/sharding/weight_source.h"

namespace lethe::sharding {

struct StoreOptions {
  at::ScalarType compute =
      at::kFloat;  // float32, bfloat16; float64 makes the masters float64 too (tests of exactness)
  // Of gathered weights on their way; the compute dtype where it is not set, never a wider one. A narrower
  // one rounds what blocks see on every grid, also where nothing travels, so that grids agree.
  std::optional<at::ScalarType> wire;
  bool poison_released = false;  // NaN over released buffers: a use after release shows at once
  bool prefetch = false;         // gathers run on a stream of their own, one segment ahead

  // The narrowest dtype that a weight passes through on its way to a block.
  at::ScalarType seen() const { return wire.value_or(compute); }
};

class WeightStore {
 public:
  // `index` and `grid` must outlive the store. Masters start at zero; fill them with load().
  WeightStore(const models::ParameterIndex& index, Grid& grid, StoreOptions options);
  ~WeightStore();
  WeightStore(const WeightStore&) = delete;
  WeightStore& operator=(const WeightStore&) = delete;

  // Holds a segment seated; releases it at the end of its life.
  class Lease {
   public:
    Lease(WeightStore* store, int segment) : store_(store), segment_(segment) {}
    Lease(Lease&& other) noexcept : store_(std::exchange(other.store_, nullptr)), segment_(other.segment_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (store_ != nullptr) store_->release(segment_);
    }

   private:
    WeightStore* store_;
    int segment_;
  };

  // Collective over the shard group when the segment must be gathered: all ranks acquire the same segments in
  // the same order. A null source is the weights as they are.
  [[nodiscard]] Lease acquire(int segment, const WeightSource* source = nullptr);
  // Seats a segment on a copy of its own, written through `source`; gives the slots back at the end of its
  // life.
  class View {
   public:
    View(WeightStore* store, int segment, at::Tensor scratch)
        : store_(store), segment_(segment), scratch_(std::move(scratch)) {}
    View(View&& other) noexcept
        : store_(std::exchange(other.store_, nullptr)),
          segment_(other.segment_),
          scratch_(std::move(other.scratch_)) {}
    View& operator=(View&&) = delete;
    ~View() {
      if (store_ != nullptr) store_->end_view(segment_, std::move(scratch_));
    }

   private:
    WeightStore* store_;
    int segment_;
    at::Tensor scratch_;
  };

  // Can every rank see a segment through sources of its own? Not where weights are sharded and travel in a
  // narrower dtype than the masters': what a source writes starts from the masters.
  bool can_view() const { return grid_.shard_size() == 1 || !narrows(); }
  // Local. One gather serves as many views as ranks care to make: where weights are sharded, the segment is
  // held as it is (without a source). Costs one buffer of the segment's size.
  [[nodiscard]] View view(int segment, const WeightSource& source);
  // Starts the gather that the next acquire() of this segment will wait for. Does nothing without
  // StoreOptions::prefetch.
  void prefetch(int segment, const WeightSource* source = nullptr);

  // The slot of a parameter: [shape], compute dtype; readable while its segment is held.
  const at::Tensor& slot(int parameter) const { return slots_[parameter]; }

  // This rank's part of a segment, [layout().part_size(segment)], padding at the end. Whoever writes to it
  // calls weights_changed() afterwards.
  at::Tensor& master(int segment) { return masters_[segment]; }
  void weights_changed();
  // Fills the masters: `read(first, out)` gives canonical elements first, first + 1, ….
  void load(const std::function<void(std::uint64_t, std::span<float>)>& read);
  // The inverse: calls `write(first, values)` for each of this rank's parts, as float32.
  void save(const std::function<void(std::uint64_t, std::span<const float>)>& write) const;

  Grid& grid() noexcept { return grid_; }
  const ShardLayout& layout() const noexcept { return layout_; }
  const models::ParameterIndex& index() const noexcept { return index_; }
  const StoreOptions& options() const noexcept { return options_; }
  at::Device device() const noexcept { return grid_.device(); }
  // What the blocks compute in, where they compute.
  at::TensorOptions tensor_options() const { return at::TensorOptions(options_.compute).device(device()); }
  // Bytes of gather buffers alive now, at most, and each one's size: what the memory table and its test read.
  std::size_t gathered_bytes() const noexcept;
  std::size_t peak_gathered_bytes() const noexcept { return peak_gathered_bytes_; }

 private:
  struct Seated;  // one segment's state
  void release(int segment);
  void wait_for_gather(int segment) const;
  void start_gather(int segment, const WeightSource* source);
  void gather(int segment, const WeightSource* source, at::Tensor whole) const;
  void write_own_part(int segment, const WeightSource* source, at::Tensor& part) const;
  void seat_segment(int segment, void* bytes);
  void unseat_segment(int segment);
  bool seats_on_master(const WeightSource* source) const;
  bool keeps_gathered(const WeightSource* source) const;  // ZeRO below 3 gathers once a step
  at::Tensor take_buffer(int segment);
  at::Tensor make_buffer(std::int64_t size, at::ScalarType dtype);
  void give_back(at::Tensor buffer);
  bool narrows() const;  // is what blocks see of a narrower dtype than the masters?
  at::Tensor whole_as_it_is(int segment) const;
  void* plain_bytes(int segment);
  void end_view(int segment, at::Tensor scratch);
  at::Tensor take_scratch(int segment);

  const models::ParameterIndex& index_;
  Grid& grid_;
  StoreOptions options_;
  ShardLayout layout_;
  std::vector<at::Tensor> masters_, slots_, free_buffers_, free_scratch_;
  at::Tensor wire_buffer_;  // one whole segment as it travels, where that is not the compute dtype
  std::vector<Seated> seated_;
  std::size_t peak_gathered_bytes_ = 0;
  DeviceBytes masters_bytes_, gathered_bytes_;
  ComputeQueue compute_;
  std::unique_ptr<dist::Stream> stream_;
};

[[nodiscard]] dist::DType dist_dtype(at::ScalarType dtype);

}  // namespace lethe::sharding
