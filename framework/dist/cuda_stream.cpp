#include "framework/dist/cuda_stream.h"

#include "framework/dist/cuda_handles.h"
#include "framework/dist/event_state.h"
#include "framework/dist/guarded_work.h"
#include "framework/dist/queue_scope.h"

namespace lethe::dist {
namespace {

class CudaState final : public Event::State {
 public:
  CudaState(cudaStream_t stream, const WorkFailure& failure) : failure_(failure) {
    check_cuda(cudaEventRecord(event_.get(), stream), "cudaEventRecord");
  }
  void wait() override {
    check_cuda(cudaEventSynchronize(event_.get()), "cudaEventSynchronize");
    failure_.rethrow();
  }
  bool reached() override {
    const cudaError_t code = cudaEventQuery(event_.get());
    if (code != cudaErrorNotReady) check_cuda(code, "cudaEventQuery");
    return code == cudaSuccess;
  }
  cudaEvent_t get() const noexcept { return event_.get(); }
  const WorkFailure& failure() const noexcept { return failure_; }

 private:
  CudaEvent event_;
  WorkFailure failure_;
};

class CudaStream final : public Stream {
 public:
  ~CudaStream() override { cudaStreamSynchronize(stream_.get()); }  // buffers of the work may go after this

  void enqueue(std::function<void()> work) override {
    work_.run([&] {
      const QueueScope scope(stream_.get());
      work();
    });
  }
  Event record() override { return Event(std::make_shared<CudaState>(stream_.get(), work_.failure())); }
  void wait(const Event& event) override {
    work_.run([&] {
      const auto* const gpu = dynamic_cast<const CudaState*>(event.state().get());
      if (!gpu) return event.wait();  // a host stream's: nothing may be queued before it is reached
      gpu->failure().rethrow();
      check_cuda(cudaStreamWaitEvent(stream_.get(), gpu->get(), 0), "cudaStreamWaitEvent");
    });
  }

 private:
  CudaStreamHandle stream_;
  GuardedWork work_;
};

}  // namespace

std::unique_ptr<Stream> make_cuda_stream() { return std::make_unique<CudaStream>(); }

}  // namespace lethe::dist
