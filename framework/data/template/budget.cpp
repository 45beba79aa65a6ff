#include "framework/data/template/budget.h"

#include "framework/base/error.h"

namespace lethe::data::jinja {
namespace {
[[noreturn]] void fail_budget() {
  fail("template.budget", "more than 1000000 steps",
       "the chat template loops over too much; check its range() calls");
}
}  // namespace

void Budget::spend(std::int64_t steps) {
  left_ -= steps;
  if (left_ < 0) fail_budget();
}

void Budget::refuse_beyond(double steps) const {
  if (steps > static_cast<double>(left_)) fail_budget();
}

void refuse_construct(int line, std::string_view what) {
  fail("template.construct", fmt::format("line {}: {} is not supported", line, what));
}

void fail_type(int line, std::string_view what) {
  fail("template.type", fmt::format("line {}: {}", line, what));
}

}  // namespace lethe::data::jinja
