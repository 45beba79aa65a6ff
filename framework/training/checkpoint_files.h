// What a checkpoint is on disk:
//   checkpoints/step-N/manifest.json      schema, step, identity, state, for each shard its hash and pieces,
//                                         and a hash of all this
//   checkpoints/step-N/shard-RRRRR.bin    a rank's part: for each segment weights, then its moments
//   checkpoints/best.json                 the step that keep_best holds on to
//   checkpoints/writing-N/                under way; each shard's entry for the manifest lies beside it
// A shard's pieces are ranges of the canonical order, so that any grid can read them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lethe::training {

inline constexpr int kCheckpointSchema = 2;

[[nodiscard]] std::string shard_name(int shard_rank);
// step-N -> N; -1 for other names.
[[nodiscard]] std::int64_t checkpoint_step(const std::filesystem::path& folder);
[[nodiscard]] std::vector<std::filesystem::path> checkpoints_newest_first(
    const std::filesystem::path& checkpoints);

// null where it is damaged. Errors: ckpt.schema.
[[nodiscard]] nlohmann::ordered_json read_manifest(const std::filesystem::path& folder);
// Of all that a manifest says, without its own `hash`.
[[nodiscard]] std::string manifest_hash(nlohmann::ordered_json manifest);
// What is wrong with what a manifest says; empty if nothing is. One of an earlier version, without a hash, is
// looked at for pieces that leave gaps, overlap or lie elsewhere in their file. Throws Json::exception where
// a field is missing or of another type.
[[nodiscard]] std::string manifest_defect(const nlohmann::ordered_json& manifest);
// What is wrong with the shards of a manifest; empty if nothing is. Throws as manifest_defect.
[[nodiscard]] std::string shard_defect(const std::filesystem::path& folder,
                                       const nlohmann::ordered_json& manifest);

struct BestCheckpoint {
  std::int64_t step = 0;
  std::string metric;
  double value = 0;
};
// Nothing where there is none, or its value is no number.
[[nodiscard]] std::optional<BestCheckpoint> read_best(const std::filesystem::path& checkpoints);
void write_best(const std::filesystem::path& checkpoints, const BestCheckpoint& best);
// Whether `value` takes the place of the best so far. Never where it is no finite number: it would compare
// with none that comes later.
[[nodiscard]] bool is_better(double value, const std::optional<BestCheckpoint>& best, bool lower_is_better);
// Removes all but the newest `keep_last` and the best.
void remove_old_checkpoints(const std::filesystem::path& checkpoints, std::int64_t keep_last);

}  // namespace lethe::training
