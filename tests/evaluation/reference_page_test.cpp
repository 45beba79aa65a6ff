#include "framework/evaluation/reference_page.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/base/atomic_file.h"

namespace lethe::evaluation {
namespace {

TEST(MetricsPage, IsWhatTheRegistrySays) {
  const std::string path = std::string(LETHE_SOURCE_DIR) + "/docs/metrics.md";
  if (std::getenv("LETHE_WRITE_DOCS") != nullptr) base::write_file_atomically(path, metrics_reference());
  EXPECT_EQ(base::read_file(path), metrics_reference()) << "LETHE_WRITE_DOCS=1 writes it again";
}

}  // namespace
}  // namespace lethe::evaluation
