#include "framework/sharding/slot.h"

#include <ATen/ATen.h>
#include <ATen/detail/FunctionTraits.h>
#include <c10/core/StorageImpl.h>
#include <c10/core/TensorOptions.h>

namespace lethe::sharding {

at::Tensor make_slot(const std::vector<std::int64_t>& shape, at::ScalarType dtype, at::Device device) {
  c10::Storage storage(c10::Storage::use_byte_size_t(), 0, at::DataPtr(nullptr, device), nullptr,
                       /*resizable=*/false);
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  storage.unsafeGetStorageImpl()->set_nbytes(static_cast<std::size_t>(count) * c10::elementSize(dtype));
  at::Tensor slot = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::computeDispatchKey(dtype, at::kStrided, device)),
      c10::scalarTypeToTypeMeta(dtype));
  slot.unsafeGetTensorImpl()->set_sizes_contiguous(shape);
  return slot.requires_grad_(true);
}

void seat(const at::Tensor& slot, void* bytes) {
  c10::StorageImpl* const storage = slot.storage().unsafeGetStorageImpl();
  storage->set_data_ptr_noswap(at::DataPtr(bytes, storage->device()));
}

void unseat(const at::Tensor& slot) { seat(slot, nullptr); }

}  // namespace lethe::sharding
