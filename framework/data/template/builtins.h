// What a template can call: filters, tests, methods and functions, each a small function of values.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/data/template/budget.h"
#include "framework/data/template/clock.h"
#include "framework/data/template/value.h"

namespace lethe::data::jinja {

struct Arguments {
  Items positional;
  Members keywords;
  // The argument at a place or of a name; nullptr when it was not given.
  [[nodiscard]] const Value* get(std::size_t place, std::string_view name) const;
};

struct CallContext {
  Budget& budget;
  const Clock& clock;
  int line = 1;
};

// Names are those of names.h. Errors: template.type, template.raised, template.budget.
[[nodiscard]] Value apply_filter(std::string_view name, const Value& input, const Arguments& arguments,
                                 CallContext& context);
[[nodiscard]] bool apply_test(std::string_view name, const Value& input, const Arguments& arguments,
                              CallContext& context);
[[nodiscard]] Value call_method(std::string_view name, const Value& object, const Arguments& arguments,
                                CallContext& context);
[[nodiscard]] Value call_function(std::string_view name, const Arguments& arguments, CallContext& context);

}  // namespace lethe::data::jinja
