#include "framework/dist/queue_scope.h"

#include <utility>

namespace lethe::dist {
namespace {

thread_local CUstream_st* queue = nullptr;

}  // namespace

QueueScope::QueueScope(CUstream_st* stream) noexcept : before_(std::exchange(queue, stream)) {}
QueueScope::~QueueScope() { queue = before_; }
CUstream_st* QueueScope::current() noexcept { return queue; }

}  // namespace lethe::dist
