// Where the operations of this thread are queued: the GPU's stream whose work it runs, if any. A group whose
// collectives are the GPU's (nccl_group.h) asks.
#pragma once

struct CUstream_st;  // cudaStream_t is a pointer to it

namespace lethe::dist {

// While it lives, this thread's operations go to `stream`. Scopes nest.
class QueueScope {
 public:
  explicit QueueScope(CUstream_st* stream) noexcept;
  ~QueueScope();
  QueueScope(const QueueScope&) = delete;
  QueueScope& operator=(const QueueScope&) = delete;
  static CUstream_st* current() noexcept;  // null outside of any

 private:
  CUstream_st* before_;
};

}  // namespace lethe::dist
