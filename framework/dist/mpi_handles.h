// MPI's handles with owners, and its return codes as errors. Only for .cpp files of this part: it includes
// mpi.h.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1  // the C++ bindings were removed from MPI and do not compile as C++20 everywhere
#endif
#include <mpi.h>

#include <cstddef>
#include <vector>

#include "framework/dist/watchdog.h"

namespace lethe::dist {

// Throws `peer.lost` with the rank, the collective and MPI's own words unless `code` is MPI_SUCCESS.
void check_mpi(int code, const Watchdog& watchdog, const Watchdog::Watched& call);

// Requests in flight. If an exception ends the scope they are abandoned, never waited for: the peer may be
// gone, and the job ends.
class Requests {
 public:
  // Room for `most`: add() hands out pointers, so the list must not move.
  void start(std::size_t most) { requests_.reserve(most); }
  MPI_Request* add() { return &requests_.emplace_back(MPI_REQUEST_NULL); }
  int wait_all();  // MPI's code; empties the list

 private:
  std::vector<MPI_Request> requests_;
};

class MpiComm {
 public:
  explicit MpiComm(MPI_Comm owned) : comm_(owned) {}
  ~MpiComm();
  MpiComm(const MpiComm&) = delete;
  MpiComm& operator=(const MpiComm&) = delete;
  MPI_Comm get() const noexcept { return comm_; }

 private:
  MPI_Comm comm_;
};

}  // namespace lethe::dist
