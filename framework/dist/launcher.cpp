#include "framework/dist/launcher.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace lethe::dist {
namespace {

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  const std::string_view view(text);
  int value = 0;
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Launcher> find_launcher() {
  // SLURM_PROCID alone says nothing: a batch script has it too. SLURM_STEP_NUM_TASKS counts what srun
  // started.
  const std::optional<int> srun_tasks = number_in("SLURM_STEP_NUM_TASKS");
  if (std::getenv("OMPI_COMM_WORLD_SIZE")) return Launcher{"mpirun", number_in("OMPI_COMM_WORLD_SIZE")};
  if (std::getenv("PMIX_RANK")) return Launcher{"a PMIx launcher", srun_tasks};
  if (std::getenv("PMI_RANK")) return Launcher{"a PMI launcher", number_in("PMI_SIZE")};
  if (std::getenv("SLURM_PROCID") && srun_tasks.value_or(1) > 1) {
    return Launcher{.name = "srun", .ranks = srun_tasks, .speaks_mpi = false};
  }
  return std::nullopt;
}

}  // namespace lethe::dist
