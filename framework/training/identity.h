// What a checkpoint and the run that resumes it must share, part by part, so that a mismatch can be named.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace lethe::training {

// Part ("model", "forget", "objective") to its hash or word.
using Identity = std::map<std::string, std::string>;

// As a checkpoint's manifest keeps it.
[[nodiscard]] std::string identity_text(const Identity& parts);

// `saved`: the text of a checkpoint at `step`; `now`: of this run. Errors: data.changed where only the data
// differs (not with `allow_data_change`), ckpt.mismatch where anything else does.
void check_identity(const std::string& saved, const Identity& now, std::int64_t step, bool allow_data_change);

}  // namespace lethe::training
