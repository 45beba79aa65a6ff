#include "framework/dist/nccl_memory.h"

#include <cstdint>
#include <string>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/dist/cuda_handles.h"
#include "framework/dist/group_memory.h"

namespace lethe::dist {
namespace {

constexpr int kFirstVersion = NCCL_VERSION(2, 19, 0);

#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
ncclResult_t take_memory(void** data, std::size_t bytes) { return ncclMemAlloc(data, bytes); }
void return_memory(void* data) { ncclMemFree(data); }
ncclResult_t enter(Comm& comm, void* data, std::size_t bytes, void** handle) {
  return comm.outcome(
      comm.alone([&](ncclComm_t owned) { return ncclCommRegister(owned, data, bytes, handle); }));
}
ncclResult_t leave(Comm& comm, void* handle) {
  if (handle == nullptr) return ncclSuccess;  // NCCL_LOCAL_REGISTER=0
  return comm.outcome(comm.alone([&](ncclComm_t owned) { return ncclCommDeregister(owned, handle); }));
}
#else  // built with the headers of an older one
ncclResult_t take_memory(void**, std::size_t) { return ncclInvalidUsage; }
void return_memory(void*) {}
ncclResult_t enter(Comm&, void*, std::size_t, void**) { return ncclInvalidUsage; }
ncclResult_t leave(Comm&, void*) { return ncclInvalidUsage; }
#endif

class RegisteredMemory {
 public:
  RegisteredMemory(std::shared_ptr<Comm> comm, void* data, std::size_t bytes)
      : comm_(std::move(comm)), gpu_(current_gpu()), data_(data), bytes_(static_cast<std::int64_t>(bytes)) {
    count_group_memory(bytes_);
  }
  ~RegisteredMemory() {
    int before = gpu_;
    cudaGetDevice(&before);
    cudaSetDevice(gpu_);
    cudaDeviceSynchronize();  // arithmetic of any stream may still read it
    // What a communicator may still write to stays.
    if (leave(*comm_, handle_) == ncclSuccess) return_memory(data_);
    cudaSetDevice(before);
    count_group_memory(-bytes_);
  }
  RegisteredMemory(const RegisteredMemory&) = delete;
  RegisteredMemory& operator=(const RegisteredMemory&) = delete;

  ncclResult_t enter_comm() { return enter(*comm_, data_, static_cast<std::size_t>(bytes_), &handle_); }
  void* data() const noexcept { return data_; }

 private:
  std::shared_ptr<Comm> comm_;
  int gpu_;
  void* data_;
  void* handle_ = nullptr;  // of the registration
  std::int64_t bytes_;
};

std::string said(const char* call, ncclResult_t code) {
  return fmt::format("{} failed (NCCL: {})", call, ncclGetErrorString(code));
}

// Empty where it does.
std::string why_not(const std::shared_ptr<Comm>& comm) {
  int version = 0;
  ncclGetVersion(&version);
  if (NCCL_VERSION_CODE < kFirstVersion || version < kFirstVersion) return "NCCL before 2.19";
  void* data = nullptr;
  if (const ncclResult_t code = take_memory(&data, 1); code != ncclSuccess) return said("ncclMemAlloc", code);
  RegisteredMemory memory(comm, data, 1);
  const ncclResult_t code = memory.enter_comm();
  return code == ncclSuccess ? "" : said("ncclCommRegister", code);
}

}  // namespace

bool every_rank_gets_memory(const std::shared_ptr<Comm>& world, ProcessGroup& control) {
  const std::string reason = why_not(world);
  std::int64_t missing = reason.empty() ? 0 : 1;
  control.all_reduce({&missing, 1, DType::i64}, Reduce::max);
  if (missing != 0 && control.rank() == 0)
    spdlog::info("NCCL's buffers are not registered: {}", reason.empty() ? "another rank cannot" : reason);
  return missing == 0;
}

std::shared_ptr<void> registered_memory(const std::shared_ptr<Comm>& comm, std::size_t bytes) {
  void* data = nullptr;
  if (take_memory(&data, bytes) != ncclSuccess) {
    (void)cudaGetLastError();  // it would stay, and LibTorch's next launch would take it for its own
    return nullptr;
  }
  const auto memory = std::make_shared<RegisteredMemory>(comm, data, bytes);
  if (const ncclResult_t code = memory->enter_comm(); code != ncclSuccess)
    fail("device.cuda", said("ncclCommRegister", code),
         "NCCL_DEBUG=WARN says more; NCCL_LOCAL_REGISTER=0 works without");
  return {memory, memory->data()};
}

}  // namespace lethe::dist
