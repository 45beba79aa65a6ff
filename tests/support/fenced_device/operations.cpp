// Every operator on the fenced device: the CPU's kernel on the other mapping of the same memory.
#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <atomic>
#include <cstring>
#include <stdexcept>

#include "tests/support/fenced_device/fenced_device.h"
#include "tests/support/fenced_device/memory.h"

namespace lethe::testing {
namespace {

std::atomic<std::int64_t> operations{0};

bool is_device(const at::Tensor& x) { return x.defined() && x.device().type() == at::kPrivateUse1; }

at::Tensor tensor_over(c10::Storage storage, const at::Tensor& shape, at::Device device) {
  at::Tensor out = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage),
      c10::DispatchKeySet(c10::computeDispatchKey(shape.scalar_type(), at::kStrided, device)), shape.dtype());
  out.unsafeGetTensorImpl()->set_sizes_and_strides(shape.sizes(), shape.strides(), shape.storage_offset());
  return out;
}

// The same bytes as the device itself reaches them.
at::Tensor behind(const at::Tensor& x) {
  const c10::Storage& own = x.storage();
  c10::Storage storage(c10::Storage::use_byte_size_t(), own.nbytes(),
                       at::DataPtr(host_address(own.data()), at::kCPU), nullptr, /*resizable=*/false);
  return tensor_over(std::move(storage), x, at::kCPU);
}

at::Tensor to_device(const at::Tensor& result) {
  if (!result.defined()) return result;
  const at::Tensor out = at::empty_strided(result.sizes(), result.strides(),
                                           result.options().device(at::Device(at::kPrivateUse1, 0)));
  behind(out).copy_(result);
  return out;
}

// One call: arguments as they came, and as the CPU's kernel gets them.
class Call {
 public:
  Call(const c10::OperatorHandle& op, torch::jit::Stack* stack) : op_(op), stack_(*stack) {
    const std::size_t count = op.schema().arguments().size();
    given_.assign(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    torch::jit::drop(stack_, count);
  }
  void run() {
    torch::jit::Stack inner;
    for (std::size_t i = 0; i < given_.size(); ++i)
      inner.push_back(is_unsized_output(i) ? sized_later(i) : translated(given_[i]));
    if (device_tensors_ && !host_tensor_.empty())
      throw std::runtime_error("Expected all tensors to be on the same device: " + op_.schema().name() +
                               " got a device tensor and a host tensor of shape " + host_tensor_);
    {
      const at::AutoDispatchBelowAutograd below;
      op_.callBoxed(inner);
    }
    for (const auto& [given, filled] : outputs_) adopt(given, filled);
    for (std::size_t i = 0; i < inner.size(); ++i) stack_.push_back(returned(inner[i], i));
  }

 private:
  // An empty tensor that the operation sizes and fills (`out=`).
  bool is_unsized_output(std::size_t i) const {
    const c10::AliasInfo* const alias = op_.schema().arguments()[i].alias_info();
    return alias != nullptr && alias->isWrite() && given_[i].isTensor() && is_device(given_[i].toTensor()) &&
           given_[i].toTensor().numel() == 0;
  }
  at::Tensor sized_later(std::size_t i) {
    const at::Tensor& given = given_[i].toTensor();
    device_tensors_ = true;
    return outputs_.emplace_back(given, at::empty({0}, given.options().device(at::kCPU))).second;
  }
  static void adopt(const at::Tensor& given, const at::Tensor& filled) {
    if (filled.numel() == 0) return;
    const at::Tensor there = to_device(filled);
    given.unsafeGetTensorImpl()->set_storage_keep_dtype(there.storage());
    given.unsafeGetTensorImpl()->set_sizes_and_strides(there.sizes(), there.strides());
  }
  at::Tensor translated(const at::Tensor& x) {
    if (is_device(x)) {
      device_tensors_ = true;
      return behind(x);
    }
    if (x.defined() && x.dim() > 0) host_tensor_ = c10::str(x.sizes());
    return x;
  }
  c10::IValue translated(const c10::IValue& value) {
    if (value.isTensor()) return translated(value.toTensor());
    if (value.isDevice()) return at::Device(at::kCPU);
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& x : value.toTensorVector()) list.push_back(translated(x));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const auto& x : value.toOptionalTensorVector())
        list.push_back(x ? std::optional(translated(*x)) : std::nullopt);
      return list;
    }
    return value;
  }
  // What is written to is the argument itself; a view shares the argument's memory; the rest is new.
  c10::IValue returned(const c10::IValue& result, std::size_t place) {
    const c10::AliasInfo* const alias = op_.schema().returns()[place].alias_info();
    if (!result.isTensor() && !result.isTensorList()) return result;
    if (result.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& x : result.toTensorVector())
        list.push_back(alias ? view_of(x, alias) : to_device(x));
      return list;
    }
    if (alias == nullptr) return to_device(result.toTensor());
    return alias->isWrite() ? argument_of(alias) : view_of(result.toTensor(), alias);
  }
  at::Tensor argument_of(const c10::AliasInfo* alias) const {
    const auto& arguments = op_.schema().arguments();
    for (std::size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].alias_info() != nullptr && *arguments[i].alias_info() == *alias)
        return given_[i].toTensor();
    throw std::runtime_error("no argument that " + op_.schema().name() + " returns");
  }
  at::Tensor view_of(const at::Tensor& result, const c10::AliasInfo*) const {
    const auto& arguments = op_.schema().arguments();
    for (std::size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].alias_info() != nullptr)
        return tensor_over(given_[i].toTensor().storage(), result, given_[i].toTensor().device());
    throw std::runtime_error("no argument that " + op_.schema().name() + " views");
  }

  const c10::OperatorHandle& op_;
  torch::jit::Stack& stack_;
  std::vector<c10::IValue> given_;
  std::vector<std::pair<at::Tensor, at::Tensor>> outputs_;  // the device's, and what the CPU fills
  bool device_tensors_ = false;
  std::string host_tensor_;  // the shape of one that was passed
};

void run_behind_the_fence(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  ++operations;
  Call(op, stack).run();
}

at::Tensor empty(c10::SymIntArrayRef size, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(size), &fenced_allocator(),
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   dtype.value_or(at::kFloat), format);
}

at::Tensor empty_strided(c10::SymIntArrayRef size, c10::SymIntArrayRef stride,
                         std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(
      C10_AS_INTARRAYREF_SLOW(size), C10_AS_INTARRAYREF_SLOW(stride), &fenced_allocator(),
      c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat));
}

// The one way across.
at::Tensor copy_from(const at::Tensor& from, const at::Tensor& to, bool) {
  const at::AutoDispatchBelowAutograd below;
  at::Tensor target = is_device(to) ? behind(to) : to;
  target.copy_(is_device(from) ? behind(from) : from);
  return to;
}

// Attention by its plain formula: the CPU's fused kernel is an operator of the CPU alone.
std::int64_t plain_attention(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                             const std::optional<at::Tensor>&, double, bool, std::optional<double>, bool) {
  return 0;
}

}  // namespace

std::int64_t fenced_operations() { return operations.load(); }

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_behind_the_fence>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &empty_strided);
  library.impl("_copy_from", &copy_from);
  library.impl("_fused_sdp_choice", &plain_attention);
}

}  // namespace lethe::testing
