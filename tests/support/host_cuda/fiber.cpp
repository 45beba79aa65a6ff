#include "tests/support/host_cuda/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#include "tests/support/host_cuda/sanitizers.h"

#ifdef __x86_64__
// The registers that a callee must keep (System V), and the stack pointer: 5 ns where ucontext's signal masks
// cost 200.
asm(R"(
.text
.globl lethe_switch_stack
.type lethe_switch_stack,@function
lethe_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size lethe_switch_stack,.-lethe_switch_stack
.type lethe_begin_fiber,@function
lethe_begin_fiber:
  movq %rbx, %rdi
  subq $8, %rsp
  call *%r12
  ud2
.size lethe_begin_fiber,.-lethe_begin_fiber
)");
extern "C" void lethe_switch_stack(void** save, void* load);
extern "C" void lethe_begin_fiber();
#else
#include <ucontext.h>
#endif

namespace lethe::host_cuda {
namespace {

constexpr std::size_t kStackBytes = 128 * 1024;

#ifdef __x86_64__
// What the first switch pops: six registers, of which begin_fiber takes rbx (argument) and r12 (entry), and
// its address.
void* first_frame(void* stack, std::size_t bytes, Fiber::Entry entry, void* argument) {
  auto** top = reinterpret_cast<void**>(static_cast<char*>(stack) + bytes);  // page-aligned
  top[-1] = nullptr;
  top[-2] = reinterpret_cast<void*>(&lethe_begin_fiber);
  for (int i = 3; i <= 8; ++i) top[-i] = nullptr;
  top[-4] = argument;
  top[-5] = reinterpret_cast<void*>(entry);
  return top - 8;
}

void swap(void** save, void* load) { lethe_switch_stack(save, load); }
#else
struct Start {
  ucontext_t context;
  Fiber::Entry entry;
  void* argument;
};
void trampoline(unsigned high, unsigned low) {
  auto* start = reinterpret_cast<Start*>((std::uintptr_t{high} << 32) | low);
  start->entry(start->argument);
  std::abort();
}
void* first_frame(void* stack, std::size_t bytes, Fiber::Entry entry, void* argument) {
  auto* start = static_cast<Start*>(stack);
  getcontext(&start->context);
  start->entry = entry;
  start->argument = argument;
  start->context.uc_stack.ss_sp = static_cast<char*>(stack) + sizeof(Start);
  start->context.uc_stack.ss_size = bytes - sizeof(Start);
  start->context.uc_link = nullptr;
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  makecontext(&start->context, reinterpret_cast<void (*)()>(&trampoline), 2,
              static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
  return &start->context;
}
void swap(void** save, void* load) {
  ucontext_t here;
  *save = &here;
  swapcontext(&here, static_cast<ucontext_t*>(load));
}
#endif

}  // namespace

Fiber::~Fiber() {
  if (!stack_) return;
  munmap(stack_, stack_bytes_);
#ifdef LETHE_HOST_CUDA_TSAN
  __tsan_destroy_fiber(race_fiber_);
#endif
}

void Fiber::adopt_thread() {
#ifdef LETHE_HOST_CUDA_TSAN
  race_fiber_ = __tsan_get_current_fiber();
#endif
}

void Fiber::start(Entry entry, void* argument) {
  if (!stack_) {
    stack_bytes_ = kStackBytes;
    stack_ = mmap(nullptr, stack_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack_ == MAP_FAILED) std::abort();
    bottom_ = stack_;
    bottom_bytes_ = stack_bytes_;
#ifdef LETHE_HOST_CUDA_TSAN
    race_fiber_ = __tsan_create_fiber(0);
#endif
  }
  place_ = first_frame(stack_, stack_bytes_, entry, argument);
}

void Fiber::switch_from(Fiber& from, [[maybe_unused]] bool last) {
#ifdef LETHE_HOST_CUDA_ASAN
  __sanitizer_start_switch_fiber(last ? nullptr : &from.fake_stack_, bottom_, bottom_bytes_);
#endif
#ifdef LETHE_HOST_CUDA_TSAN
  __tsan_switch_to_fiber(race_fiber_, 1);  // 1: this switch orders nothing
#endif
  swap(&from.place_, place_);
#ifdef LETHE_HOST_CUDA_ASAN
  __sanitizer_finish_switch_fiber(from.fake_stack_, nullptr, nullptr);
#endif
}

void Fiber::arrived([[maybe_unused]] Fiber& from) {
#ifdef LETHE_HOST_CUDA_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &from.bottom_, &from.bottom_bytes_);
#endif
}

}  // namespace lethe::host_cuda
