// A collective that fails ends in its own error, on the way out of which the stores are destroyed.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "framework/base/error.h"
#include "framework/dist/watchdog.h"
#include "tests/support/tiny_model.h"

namespace lethe::sharding {
namespace {

// The first of two ranks. Collectives do nothing until `lost`, and fail from then on.
class LostPeer final : public dist::ProcessGroup {
 public:
  explicit LostPeer(const bool& lost) : lost_(lost) {}
  std::string_view backend() const noexcept override { return "lost"; }
  int rank() const noexcept override { return 0; }
  int size() const noexcept override { return 2; }
  void all_gather(dist::ConstSpan, dist::Span) override { meet(); }
  void reduce_scatter(dist::ConstSpan, dist::Span) override { meet(); }
  void all_to_all(dist::ConstSpan, dist::Span) override { meet(); }
  void all_reduce(dist::Span, dist::Reduce) override { meet(); }
  void broadcast(dist::Span, int) override { meet(); }
  void barrier() override { meet(); }
  std::unique_ptr<dist::ProcessGroup> split(int, int) override { return std::make_unique<LostPeer>(lost_); }

 private:
  void meet() const {
    if (lost_) fail("peer.lost", "rank 1 is gone from " + dist::CollectiveLabel::current());
  }
  const bool& lost_;
};

class ALostPeer : public ::testing::TestWithParam<bool> {};  // prefetch
INSTANTIATE_TEST_SUITE_P(Prefetch, ALostPeer, ::testing::Bool());

// The block that the second segment is.
constexpr const char* kLostInLayer0 = "error[peer.lost]: rank 1 is gone from layer 0";

std::string error_of(const std::function<void()>& act) {
  try {
    act();
    return "none";
  } catch (const Error& error) {
    return error.what();
  }
}

// What an engine of two ranks says whose peer is gone when it acts.
std::string error_without_peer(bool prefetch, const std::function<void(lethe::testing::TinyEngine&)>& act) {
  const auto model = lethe::testing::tiny_model();
  return error_of([&] {
    bool lost = false;
    LostPeer world(lost);
    lethe::testing::TinyEngine engine(model, world, grid_shape(3, 0, 2), {.prefetch = prefetch});
    lost = true;
    act(engine);
  });
}

TEST_P(ALostPeer, IsTheErrorOfAGather) {
  EXPECT_EQ(error_without_peer(GetParam(),
                               [](auto& engine) {
                                 engine.weights.prefetch(1);
                                 for (int round = 0; round < 2; ++round) (void)engine.weights.acquire(1);
                               }),
            kLostInLayer0);
}

TEST_P(ALostPeer, IsTheErrorOfAReduction) {
  EXPECT_EQ(error_without_peer(GetParam(),
                               [](auto& engine) {
                                 engine.gradients.open(1);
                                 engine.gradients.close();
                                 engine.gradients.finish();
                               }),
            kLostInLayer0);
}

}  // namespace
}  // namespace lethe::sharding
