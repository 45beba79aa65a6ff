#include "framework/planning/stage.h"

namespace lethe::planning {

Stage smallest_stage(const models::DecoderModel& model, const Workload& load, int group,
                     std::uint64_t available) {
  Stage stage;
  const int world = load.shard_size * load.replicas;
  for (int zero = 0; zero <= (group > 1 ? 3 : 0); ++zero) {
    stage.load = load;
    stage.load.zero = zero;
    stage.load.shard_size = zero == 0 ? 1 : group;
    stage.load.replicas = world / stage.load.shard_size;
    stage.needs = total_bytes(predict_memory(model, stage.load));
    stage.fits = kResidentOverTensors * static_cast<double>(stage.needs) <= static_cast<double>(available);
    if (stage.fits) break;
  }
  return stage;
}

}  // namespace lethe::planning
