// What a template may cost: a chat template is foreign code, and rendering one must end soon whatever it
// says.
#pragma once

#include <cstdint>
#include <string_view>

namespace lethe::data::jinja {

class Budget {
 public:
  // Errors: template.budget when more than 1,000,000 steps were spent.
  void spend(std::int64_t steps = 1);
  // Text costs a step for every 256 bytes that are built, so that steps bound time and memory.
  void spend_bytes(std::size_t bytes) { spend(static_cast<std::int64_t>(bytes / 256)); }
  // Refuses before anything of that size is allocated.
  void refuse_beyond(double steps) const;

 private:
  std::int64_t left_ = 1'000'000;
};

// template.construct: `line N: <what> is not supported`.
[[noreturn]] void refuse_construct(int line, std::string_view what);
// template.type: `line N: <what>`: the template asks for something that its values cannot do.
[[noreturn]] void fail_type(int line, std::string_view what);

}  // namespace lethe::data::jinja
