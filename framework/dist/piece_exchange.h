// The reduction of the mpi group: every rank sends each peer that peer's piece, receives its own from all,
// and adds in rank order. Only for .cpp files of this part: it includes mpi.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "framework/dist/mpi_group.h"
#include "framework/dist/mpi_handles.h"

namespace lethe::dist {

// Memory that a group keeps between its collectives: fresh pages would cost more than the sums. Only grows.
class Scratch {
 public:
  std::byte* get(std::size_t bytes) {
    if (bytes > bytes_) memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    bytes_ = std::max(bytes, bytes_);
    return memory_.get();
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  std::size_t bytes_ = 0;
};

// `in` holds size pieces of out.count elements; `out` may be this rank's place in it. One chunk of every
// piece is under way while another is added: post(0); then for each chunk post(chunk + 1), finish(chunk).
// Both return MPI's code.
class PieceExchange {
 public:
  struct Place {
    MPI_Comm comm;
    int rank, size;
  };
  PieceExchange(Place place, ConstSpan in, Span out, const MpiSizes& sizes, Scratch& scratch);

  std::size_t chunks() const { return (out_.count + chunk_ - 1) / chunk_; }
  int post(std::size_t chunk);
  int finish(std::size_t chunk, Reduce op);

 private:
  struct Half {
    std::byte* received = nullptr;  // [peers, chunk]
    Requests requests;
  };
  std::size_t count_of(std::size_t chunk) const;
  const void* mine(int to, std::size_t chunk) const;
  void* received(const Half& half, int from) const;

  const Place place_;
  const ConstSpan in_;
  const Span out_;
  const std::size_t element_;  // bytes
  std::size_t chunk_;          // elements
  std::array<Half, 2> halves_;
  std::vector<const void*> sources_;  // by rank
};

}  // namespace lethe::dist
