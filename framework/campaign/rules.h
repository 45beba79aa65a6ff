// What a campaign's file must not say: settings of which one would silently win over another, and exceptions
// that no cell meets; and what it says without meaning it.
#pragma once

#include "framework/campaign/options.h"

namespace lethe::campaign {

// Errors: campaign.axis, at the place of the section: a key that varies twice (in two axes, in an axis and
// above or below it, in a listed cell and in the repeats), an exclude or `when` that meets no value.
void refuse_contradictions(config::Section& section, const Options& options);

// What is allowed and hardly ever meant: a setting that chooses what is forgotten and does not reach the
// stage that measures it.
[[nodiscard]] std::vector<std::string> warnings_of(const Options& options);

}  // namespace lethe::campaign
