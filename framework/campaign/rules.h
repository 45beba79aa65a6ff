// What a campaign's file must not say: settings of which one would silently win over another, and exceptions
// that no cell meets.
#pragma once

#include "framework/campaign/options.h"

namespace lethe::campaign {

// Errors: campaign.axis, at the place of the section: a key that varies twice (in two axes, in an axis and
// above or below it, in a listed cell and in the repeats), an exclude or `when` that meets no value.
void refuse_contradictions(config::Section& section, const Options& options);

}  // namespace lethe::campaign
