#include "framework/dist/mpi_handles.h"

#include <fmt/format.h>

#include <exception>
#include <string>

#include "framework/base/error.h"

namespace lethe::dist {

void check_mpi(int code, const Watchdog& watchdog, const Watchdog::Watched& call) {
  if (code == MPI_SUCCESS) return;
  int kind = MPI_ERR_OTHER;
  MPI_Error_class(code, &kind);
  if (kind == MPI_ERR_TRUNCATE)
    fail("peer.mismatch",
         fmt::format("{}: {} met a longer message of another rank", watchdog.who(), describe(call.what())),
         "all ranks must call the same collectives with the same sizes: this is a bug, or the ranks run "
         "different programs");
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail("peer.lost",
       fmt::format("{}: {} failed (MPI: {})", watchdog.who(), describe(call.what()),
                   std::string(text, length)),
       "look at the last message of the other ranks");
}

int Requests::wait_all() {
  const int code = MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  requests_.clear();
  return code;
}

MpiComm::~MpiComm() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  // Freeing is collective by the standard: on the way out of an exception the others may never come.
  if (finalized || std::uncaught_exceptions() > 0 || comm_ == MPI_COMM_NULL) return;
  MPI_Comm_free(&comm_);
}

}  // namespace lethe::dist
