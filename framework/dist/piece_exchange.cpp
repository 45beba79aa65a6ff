#include "framework/dist/piece_exchange.h"

#include <algorithm>

#include "framework/dist/contract.h"
#include "framework/dist/ordered_reduce.h"

namespace lethe::dist {
namespace {

constexpr int kTag = 7;

std::size_t chunk_elements(std::size_t peers, std::size_t piece, std::size_t element, const MpiSizes& sizes) {
  const std::size_t bytes = std::max(sizes.scratch / 2 / peers, sizes.shortest_piece);
  return std::min(bytes / element, std::max<std::size_t>(piece, 1));
}

}  // namespace

PieceExchange::PieceExchange(Place place, ConstSpan in, Span out, const MpiSizes& sizes, Scratch& scratch)
    : place_(place),
      in_(in),
      out_(out),
      element_(size_of(in.dtype)),
      sources_(static_cast<std::size_t>(place.size)) {
  const auto peers = static_cast<std::size_t>(std::max(place.size - 1, 1));
  chunk_ = chunk_elements(peers, out.count, element_, sizes);
  const std::size_t half_bytes = peers * chunk_ * element_;
  std::byte* memory = scratch.get(2 * half_bytes);
  for (std::size_t i = 0; i < halves_.size(); ++i) halves_[i].received = memory + i * half_bytes;
}

int PieceExchange::post(std::size_t chunk) {
  Half& half = halves_[chunk % 2];
  half.requests.start(2 * sources_.size());
  const int bytes = static_cast<int>(count_of(chunk) * element_);
  const auto [comm, rank, size] = place_;
  for (int step = 1; step < size; ++step) {  // everyone starts with another neighbour
    const int from = (rank - step + size) % size, to = (rank + step) % size;
    int code = MPI_Irecv(received(half, from), bytes, MPI_BYTE, from, kTag, comm, half.requests.add());
    if (code != MPI_SUCCESS) return code;
    code = MPI_Isend(mine(to, chunk), bytes, MPI_BYTE, to, kTag, comm, half.requests.add());
    if (code != MPI_SUCCESS) return code;
  }
  return MPI_SUCCESS;
}

int PieceExchange::finish(std::size_t chunk, Reduce op) {
  Half& half = halves_[chunk % 2];
  const int code = half.requests.wait_all();
  if (code != MPI_SUCCESS) return code;
  for (int rank = 0; rank < place_.size; ++rank) {
    const bool own = rank == place_.rank;
    sources_[static_cast<std::size_t>(rank)] = own ? mine(rank, chunk) : received(half, rank);
  }
  reduce_in_order(sources_, at_byte(out_.data, chunk * chunk_ * element_), count_of(chunk), in_.dtype, op);
  return MPI_SUCCESS;
}

std::size_t PieceExchange::count_of(std::size_t chunk) const {
  return std::min(chunk_, out_.count - chunk * chunk_);
}

const void* PieceExchange::mine(int to, std::size_t chunk) const {
  return at_byte(in_.data, (static_cast<std::size_t>(to) * out_.count + chunk * chunk_) * element_);
}

void* PieceExchange::received(const Half& half, int from) const {
  const auto slot = static_cast<std::size_t>(from < place_.rank ? from : from - 1);
  return half.received + slot * chunk_ * element_;
}

}  // namespace lethe::dist
