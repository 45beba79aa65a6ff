# LibTorch without its own CMake package, which insists on a CUDA toolkit and links libtorch_cuda always.
# Looks in LETHE_TORCH_DIR (a `torch` wheel's folder or an unpacked LibTorch archive); in .deps/ where it is not set.
# Gives: LibTorch::cpu (headers, libtorch_cpu, libc10).
set(LETHE_TORCH_DIR "$ENV{LETHE_TORCH_DIR}" CACHE PATH "Folder that holds LibTorch's include/ and lib/")
if(LETHE_TORCH_DIR)
  set(_torch_folder "${LETHE_TORCH_DIR}")
else()
  set(_torch_folder "${PROJECT_SOURCE_DIR}/.deps/torch-sdk/torch")
endif()
find_path(LibTorch_ROOT NAMES include/ATen/core/Tensor.h HINTS "${_torch_folder}" NO_DEFAULT_PATH)
find_library(LibTorch_CPU torch_cpu HINTS "${LibTorch_ROOT}/lib" NO_DEFAULT_PATH)
find_library(LibTorch_C10 c10 HINTS "${LibTorch_ROOT}/lib" NO_DEFAULT_PATH)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REASON_FAILURE_MESSAGE "none in ${_torch_folder}: run launchers/setup, or set LETHE_TORCH_DIR to a LibTorch folder"
  REQUIRED_VARS LibTorch_ROOT LibTorch_CPU LibTorch_C10)
if(LibTorch_FOUND AND NOT TARGET LibTorch::cpu)
  add_library(LibTorch::cpu INTERFACE IMPORTED)
  # LibTorch's include folder carries a newer fmt than the one that spdlog was built with; the system's must win.
  find_path(_fmt_include NAMES fmt/core.h HINTS /usr/include NO_DEFAULT_PATH)
  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/system_include")
  file(CREATE_LINK "${_fmt_include}/fmt" "${PROJECT_BINARY_DIR}/system_include/fmt" SYMBOLIC)
  target_include_directories(LibTorch::cpu SYSTEM INTERFACE "${PROJECT_BINARY_DIR}/system_include"
    "${LibTorch_ROOT}/include" "${LibTorch_ROOT}/include/torch/csrc/api/include")
  target_link_libraries(LibTorch::cpu INTERFACE "${LibTorch_CPU}" "${LibTorch_C10}")
  # The wheel's libtorch_cpu asks for the CUDA runtime that lies beside it in nvidia/cu13/lib.
  set(_torch_run_path "${LibTorch_ROOT}/lib" "${LibTorch_ROOT}/../nvidia/cu13/lib")
  target_link_options(LibTorch::cpu INTERFACE
    "LINKER:-rpath,${LibTorch_ROOT}/lib" "LINKER:-rpath-link,${LibTorch_ROOT}/../nvidia/cu13/lib"
    "LINKER:--allow-shlib-undefined")
endif()
