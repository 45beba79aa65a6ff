#include "tests/dist/staged_group.h"

#include <cuda_runtime_api.h>

#include <cstddef>
#include <optional>

#include "framework/dist/cuda_handles.h"

namespace lethe::dist::tests {
namespace {

std::size_t bytes_in(const ConstSpan& span) { return span.count * size_of(span.dtype); }
const std::byte* begin_of(const ConstSpan& span) { return static_cast<const std::byte*>(span.data); }

// GPU memory with the contents of a host span.
class Staged {
 public:
  explicit Staged(const ConstSpan& host) : host_(host) {
    if (bytes_in(host) == 0) return;
    check_cuda(cudaMalloc(&memory_, bytes_in(host)), "cudaMalloc");
    check_cuda(cudaMemcpy(memory_, host.data, bytes_in(host), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  ~Staged() { cudaFree(memory_); }
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;

  bool holds(const ConstSpan& other) const {
    return bytes_in(other) > 0 && begin_of(other) >= begin_of(host_) &&
           begin_of(other) + bytes_in(other) <= begin_of(host_) + bytes_in(host_);
  }
  // Where `inner`, a part of the host span, lies on the GPU.
  void* at(const ConstSpan& inner) const {
    if (memory_ == nullptr) return nullptr;
    return static_cast<std::byte*>(memory_) + (begin_of(inner) - begin_of(host_));
  }
  void copy_back(const Span& part) const {
    if (bytes_in(part) > 0)
      check_cuda(cudaMemcpy(part.data, at(part), bytes_in(part), cudaMemcpyDeviceToHost), "cudaMemcpy");
  }

 private:
  ConstSpan host_;
  void* memory_ = nullptr;
};

class StagedGroup final : public ProcessGroup {
 public:
  explicit StagedGroup(std::unique_ptr<ProcessGroup> group) : group_(std::move(group)) {}

  std::string_view backend() const noexcept override { return group_->backend(); }
  int rank() const noexcept override { return group_->rank(); }
  int size() const noexcept override { return group_->size(); }
  void all_gather(ConstSpan in, Span out) override {
    stage(in, out, [&](ConstSpan i, Span o) { group_->all_gather(i, o); });
  }
  void reduce_scatter(ConstSpan in, Span out) override {
    stage(in, out, [&](ConstSpan i, Span o) { group_->reduce_scatter(i, o); });
  }
  void all_to_all(ConstSpan in, Span out) override {
    stage(in, out, [&](ConstSpan i, Span o) { group_->all_to_all(i, o); });
  }
  void all_reduce(Span values, Reduce op) override {
    stage(values, values, [&](ConstSpan, Span o) { group_->all_reduce(o, op); });
  }
  void broadcast(Span values, int root) override {
    stage(values, values, [&](ConstSpan, Span o) { group_->broadcast(o, root); });
  }
  void barrier() override { group_->barrier(); }
  std::unique_ptr<ProcessGroup> split(int color, int key) override {
    return make_staged_group(group_->split(color, key));
  }

 private:
  // One may be a part of the other (in-place): then it is on the GPU too.
  template <class Call>
  static void stage(const ConstSpan& in, const Span& out, const Call& call) {
    const Staged staged_out(out);
    const bool in_lies_in_out = staged_out.holds(in);
    std::optional<Staged> staged_in;
    if (!in_lies_in_out) staged_in.emplace(in);
    const bool out_lies_in_in = staged_in && staged_in->holds(out);
    const Staged& home = out_lies_in_in ? *staged_in : staged_out;
    call({in_lies_in_out ? staged_out.at(in) : staged_in->at(in), in.count, in.dtype},
         {home.at(out), out.count, out.dtype});
    home.copy_back(out);
  }

  std::unique_ptr<ProcessGroup> group_;
};

}  // namespace

std::unique_ptr<ProcessGroup> make_staged_group(std::unique_ptr<ProcessGroup> on_gpu) {
  return std::make_unique<StagedGroup>(std::move(on_gpu));
}

}  // namespace lethe::dist::tests
