#include "framework/base/trace.h"

#include <gtest/gtest.h>

#include <thread>

namespace lethe::base {
namespace {

TEST(Trace, RecordsSpansOfAllThreadsBetweenStartAndTake) {
  { const TraceSpan before(Track::compute, "before"); }
  start_trace(3);
  {
    const TraceSpan outer(Track::compute, "layer 1", "forward");
    std::jthread([] { const TraceSpan span(Track::gather, "gather", "layer 2"); });
    const TraceSpan wait(Track::compute, "wait for", "layer 2");
  }
  const std::string events = take_trace();
  { const TraceSpan after(Track::compute, "after"); }
  EXPECT_NE(events.find(R"("name":"layer 1 forward","cat":"compute","ph":"X","pid":3,"tid":0)"),
            std::string::npos);
  EXPECT_NE(events.find(R"("name":"gather layer 2","cat":"gather","ph":"X","pid":3,"tid":1)"),
            std::string::npos);
  EXPECT_NE(events.find(R"("name":"wait for layer 2","cat":"wait")"), std::string::npos);
  EXPECT_EQ(events.find("before"), std::string::npos);
  EXPECT_TRUE(take_trace().empty());
}

}  // namespace
}  // namespace lethe::base
