#include "framework/scoring/estimator.h"

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::scoring {

std::vector<std::string> estimator_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

double read_eps(config::Section& section) {
  double eps = 0;
  section.optional("eps", eps,
                   "|log p| of a token counts as at least this where it divides; 0 is the definition, the "
                   "public code has 1e-6",
                   config::at_least(0));
  return eps;
}

std::string name_with_eps(std::string name, double eps) {
  return eps > 0 ? fmt::format("{} eps {:g}", name, eps) : name;
}

std::unique_ptr<Estimator> make_estimator(const std::string& name, config::Section options,
                                          const Setting& setting) {
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry.make(options, setting);
  }
  const std::vector<std::string> names = estimator_names();
  fail("config.range", fmt::format("`{}` is not an estimator", name),
       fmt::format("{} Estimators: {}", base::did_you_mean(name, names), base::join(names, ", ")));
}

}  // namespace lethe::scoring
