// A group of one rank: nothing to exchange, only the copies between a caller's two buffers.
#include "framework/base/error.h"
#include "framework/dist/contract.h"
#include "framework/dist/process_group.h"

namespace lethe::dist {
namespace {

class SingleGroup final : public ProcessGroup {
 public:
  std::string_view backend() const noexcept override { return "single"; }
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 1; }

  void all_gather(ConstSpan in, Span out) override {
    check_all_gather(in, out, 0, 1);
    copy_bytes(out.data, in.data, bytes_of(in));
  }
  void reduce_scatter(ConstSpan in, Span out) override {
    check_reduce_scatter(in, out, 0, 1);
    copy_bytes(out.data, in.data, bytes_of(in));
  }
  void all_to_all(ConstSpan in, Span out) override {
    check_all_to_all(in, out, 1);
    copy_bytes(out.data, in.data, bytes_of(in));
  }
  void all_reduce(Span, Reduce) override {}
  void broadcast(Span, int root) override { check_root(root, 1); }
  void barrier() override {}
  std::unique_ptr<ProcessGroup> split(int color, int) override {
    LETHE_CHECK(color >= 0, "the color of a split is negative: {}", color);
    return make_single_group();
  }
};

}  // namespace

std::unique_ptr<ProcessGroup> make_single_group() { return std::make_unique<SingleGroup>(); }

}  // namespace lethe::dist
