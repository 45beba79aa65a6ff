// Whether somebody (mpirun, srun) started this process as one rank of several. Reads the environment only.
#pragma once

#include <optional>

namespace lethe::dist {

struct Launcher {
  const char* name = nullptr;  // "mpirun", "srun", …
  std::optional<int> ranks;    // as many as it says it started; some do not say
  bool speaks_mpi = true;      // false: it started several processes without telling MPI (srun --mpi=none)
};

[[nodiscard]] std::optional<Launcher> find_launcher();

}  // namespace lethe::dist
