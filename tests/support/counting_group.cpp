#include "tests/support/counting_group.h"

#include "framework/dist/contract.h"

namespace lethe::testing {
namespace {

class CountingGroup final : public dist::ProcessGroup {
 public:
  CountingGroup(dist::ProcessGroup& group, Traffic& traffic) : group_(group), traffic_(traffic) {}
  CountingGroup(std::unique_ptr<dist::ProcessGroup> owned, Traffic& traffic)
      : owned_(std::move(owned)), group_(*owned_), traffic_(traffic) {}

  std::string_view backend() const noexcept override { return group_.backend(); }
  int rank() const noexcept override { return group_.rank(); }
  int size() const noexcept override { return group_.size(); }
  void all_gather(dist::ConstSpan in, dist::Span out) override {
    ++traffic_.gathers, traffic_.gathered += dist::bytes_of(out);
    group_.all_gather(in, out);
  }
  void reduce_scatter(dist::ConstSpan in, dist::Span out) override {
    count_reduce(in);
    group_.reduce_scatter(in, out);
  }
  void all_to_all(dist::ConstSpan in, dist::Span out) override {
    count_reduce(in);
    group_.all_to_all(in, out);
  }
  void all_reduce(dist::Span values, dist::Reduce op) override {
    count_reduce(values);
    group_.all_reduce(values, op);
  }
  void broadcast(dist::Span values, int root) override { group_.broadcast(values, root); }
  void barrier() override { group_.barrier(); }
  std::unique_ptr<dist::ProcessGroup> split(int color, int key) override {
    return std::make_unique<CountingGroup>(group_.split(color, key), traffic_);
  }

 private:
  void count_reduce(dist::ConstSpan span) { ++traffic_.reduces, traffic_.reduced += dist::bytes_of(span); }
  std::unique_ptr<dist::ProcessGroup> owned_;
  dist::ProcessGroup& group_;
  Traffic& traffic_;
};

}  // namespace

std::unique_ptr<dist::ProcessGroup> count_traffic(dist::ProcessGroup& group, Traffic& traffic) {
  return std::make_unique<CountingGroup>(group, traffic);
}

}  // namespace lethe::testing
