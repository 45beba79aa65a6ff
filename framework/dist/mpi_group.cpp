#include "framework/dist/mpi_group.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "framework/base/error.h"
#include "framework/dist/contract.h"
#include "framework/dist/mpi_handles.h"
#include "framework/dist/ordered_reduce.h"
#include "framework/dist/piece_exchange.h"

namespace lethe::dist {
namespace {

constexpr int kPieceTag = 8;  // of all_to_all; piece_exchange.cpp has its own

int int_count(std::size_t count) { return static_cast<int>(count); }

// A block of `bytes`, the next of which begins `stride` bytes later.
MPI_Datatype spaced_block(std::size_t bytes, std::size_t stride) {
  MPI_Datatype block = MPI_DATATYPE_NULL, spaced = MPI_DATATYPE_NULL;
  MPI_Type_contiguous(int_count(bytes), MPI_BYTE, &block);
  MPI_Type_create_resized(block, 0, static_cast<MPI_Aint>(stride), &spaced);
  MPI_Type_commit(&spaced);
  MPI_Type_free(&block);
  return spaced;
}

class MpiGroup final : public ProcessGroup {
 public:
  MpiGroup(MPI_Comm owned, std::shared_ptr<Watchdog> watchdog, const MpiSizes& sizes)
      : comm_(owned), watchdog_(std::move(watchdog)), sizes_(sizes) {
    MPI_Comm_set_errhandler(owned, MPI_ERRORS_RETURN);
    MPI_Comm_rank(owned, &rank_);
    MPI_Comm_size(owned, &size_);
    number_ = watchdog_->number_group();
  }

  std::string_view backend() const noexcept override { return "mpi"; }
  int rank() const noexcept override { return rank_; }
  int size() const noexcept override { return size_; }

  void all_gather(ConstSpan in, Span out) override;
  void reduce_scatter(ConstSpan in, Span out) override;
  void all_to_all(ConstSpan in, Span out) override;
  void all_reduce(Span values, Reduce op) override;
  void broadcast(Span values, int root) override;
  void barrier() override;
  std::unique_ptr<ProcessGroup> split(int color, int key) override;

 private:
  using Call = Watchdog::Watched;
  void check(int code, const Call& call) const { check_mpi(code, *watchdog_, call); }
  void gather(ConstSpan in, Span out, Call& call);
  void gather_chunk(const void* in, void* out, std::size_t bytes, std::size_t stride, Call& call);
  struct ByteRange {
    std::size_t first, count;
  };
  int exchange_with_all(const void* in, void* out, std::size_t piece, ByteRange part);
  void reduce_parts(ConstSpan in, Span out, Reduce op, Call& call);
  void reduce_gathered(Span values, Reduce op, Call& call);

  MpiComm comm_;
  std::shared_ptr<Watchdog> watchdog_;
  const MpiSizes sizes_;
  Scratch scratch_;
  int rank_ = 0, size_ = 1;
  std::uint64_t number_ = 0;  // of this group, for the watchdog
};

void MpiGroup::reduce_parts(ConstSpan in, Span out, Reduce op, Call& call) {
  if (out.count == 0) return;
  PieceExchange exchange({comm_.get(), rank_, size_}, in, out, sizes_, scratch_);
  check(exchange.post(0), call);
  for (std::size_t chunk = 0; chunk < exchange.chunks(); ++chunk) {
    if (chunk + 1 < exchange.chunks()) check(exchange.post(chunk + 1), call);
    check(exchange.finish(chunk, op), call);
    call.progress();
  }
}

void MpiGroup::gather_chunk(const void* in, void* out, std::size_t bytes, std::size_t stride, Call& call) {
  // Rank r's chunk lands at out + r * stride: a block of bytes whose extent is the whole piece.
  MPI_Datatype spaced = spaced_block(bytes, stride);
  const bool in_place = in == at_byte(out, static_cast<std::size_t>(rank_) * stride);
  const int code =
      MPI_Allgather(in_place ? MPI_IN_PLACE : in, int_count(bytes), MPI_BYTE, out, 1, spaced, comm_.get());
  MPI_Type_free(&spaced);
  check(code, call);
  call.progress();
}

void MpiGroup::gather(ConstSpan in, Span out, Call& call) {
  const std::size_t piece = bytes_of(in);
  if (piece == 0) return;
  const bool in_place = in.data == at_byte(out.data, static_cast<std::size_t>(rank_) * piece);
  if (piece * static_cast<std::size_t>(size_) <= sizes_.longest_message) {
    check(MPI_Allgather(in_place ? MPI_IN_PLACE : in.data, int_count(piece), MPI_BYTE, out.data,
                        int_count(piece), MPI_BYTE, comm_.get()),
          call);
    return;
  }
  const std::size_t longest = sizes_.longest_message / static_cast<std::size_t>(size_);
  for (std::size_t first = 0; first < piece; first += longest) {
    gather_chunk(at_byte(in.data, first), at_byte(out.data, first), std::min(longest, piece - first), piece,
                 call);
  }
}

// Every rank holds all values of all ranks and adds them itself: the same additions, so the same bits.
void MpiGroup::reduce_gathered(Span values, Reduce op, Call& call) {
  if (values.count == 0) return;
  const std::size_t bytes = bytes_of(values);
  std::byte* all = scratch_.get(bytes * static_cast<std::size_t>(size_));
  gather(values, {all, values.count * static_cast<std::size_t>(size_), values.dtype}, call);
  std::vector<const void*> sources;
  for (int rank = 0; rank < size_; ++rank) sources.push_back(all + static_cast<std::size_t>(rank) * bytes);
  reduce_in_order(sources, values.data, values.count, values.dtype, op);
}

void MpiGroup::all_gather(ConstSpan in, Span out) {
  check_all_gather(in, out, rank_, size_);
  Call call(*watchdog_, "all_gather", bytes_of(out), number_);
  gather(in, out, call);
}

void MpiGroup::reduce_scatter(ConstSpan in, Span out) {
  check_reduce_scatter(in, out, rank_, size_);
  Call call(*watchdog_, "reduce_scatter", bytes_of(in), number_);
  reduce_parts(in, out, Reduce::sum, call);
}

void MpiGroup::all_to_all(ConstSpan in, Span out) {
  check_all_to_all(in, out, size_);
  Call call(*watchdog_, "all_to_all", bytes_of(in), number_);
  const std::size_t piece = bytes_of(in) / static_cast<std::size_t>(size_), longest = sizes_.longest_message;
  const std::size_t own = static_cast<std::size_t>(rank_) * piece;
  if (piece > 0) std::memcpy(at_byte(out.data, own), at_byte(in.data, own), piece);
  for (std::size_t first = 0; first < piece; first += longest) {
    check(exchange_with_all(in.data, out.data, piece, {first, std::min(longest, piece - first)}), call);
    call.progress();
  }
}

// Contiguous messages: MPI_Alltoall would need a datatype with gaps for a part of each piece, which it packs.
int MpiGroup::exchange_with_all(const void* in, void* out, std::size_t piece, ByteRange part) {
  Requests requests;
  requests.start(2 * static_cast<std::size_t>(size_));
  const int bytes = int_count(part.count);
  for (int step = 1; step < size_; ++step) {  // everyone starts with another neighbour
    const int from = (rank_ - step + size_) % size_, to = (rank_ + step) % size_;
    int code = MPI_Irecv(at_byte(out, static_cast<std::size_t>(from) * piece + part.first), bytes, MPI_BYTE,
                         from, kPieceTag, comm_.get(), requests.add());
    if (code != MPI_SUCCESS) return code;
    code = MPI_Isend(at_byte(in, static_cast<std::size_t>(to) * piece + part.first), bytes, MPI_BYTE, to,
                     kPieceTag, comm_.get(), requests.add());
    if (code != MPI_SUCCESS) return code;
  }
  return requests.wait_all();
}

void MpiGroup::all_reduce(Span values, Reduce op) {
  Call call(*watchdog_, "all_reduce", bytes_of(values), number_);
  if (bytes_of(values) <= sizes_.small_all_reduce) return reduce_gathered(values, op, call);
  const auto ranks = static_cast<std::size_t>(size_);
  const std::size_t share = values.count / ranks, element = size_of(values.dtype);
  const Span even{values.data, share * ranks, values.dtype};
  const Span own{at_byte(values.data, static_cast<std::size_t>(rank_) * share * element), share,
                 values.dtype};
  reduce_parts(even, own, op, call);
  gather(own, even, call);
  reduce_gathered({at_byte(values.data, even.count * element), values.count - even.count, values.dtype}, op,
                  call);
}

void MpiGroup::broadcast(Span values, int root) {
  check_root(root, size_);
  const std::size_t bytes = bytes_of(values);
  Call call(*watchdog_, "broadcast", bytes, number_);
  for (std::size_t first = 0; first < bytes; first += sizes_.longest_message) {
    const int count = int_count(std::min(sizes_.longest_message, bytes - first));
    check(MPI_Bcast(at_byte(values.data, first), count, MPI_BYTE, root, comm_.get()), call);
    call.progress();
  }
}

void MpiGroup::barrier() {
  const Call call(*watchdog_, "barrier", 0, number_);
  check(MPI_Barrier(comm_.get()), call);
}

std::unique_ptr<ProcessGroup> MpiGroup::split(int color, int key) {
  LETHE_CHECK(color >= 0, "the color of a split is negative: {}", color);
  const Call call(*watchdog_, "split", 0, number_);
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm_.get(), color, key, &part), call);
  return std::make_unique<MpiGroup>(part, watchdog_, sizes_);
}

}  // namespace

std::unique_ptr<ProcessGroup> make_mpi_world_group(std::shared_ptr<Watchdog> watchdog,
                                                   const MpiSizes& sizes) {
  MPI_Comm own = MPI_COMM_NULL;  // messages of other users of MPI in this process cannot meet ours
  const Watchdog::Watched call(*watchdog, "start", 0);
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &own), *watchdog, call);
  return std::make_unique<MpiGroup>(own, watchdog, sizes);
}

}  // namespace lethe::dist
