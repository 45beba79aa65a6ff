# What of CUDA is there. LETHE_CUDA=AUTO takes what it finds, ON insists, OFF looks for nothing.
#   LETHE_CUDA_TOOLKIT   a compiler for the kernels (lethe_kernels); LETHE_CUDA_COMPILER or nvcc in the path name it
#   LETHE_CUDA_HEADERS, lethe_cudart      cuda_runtime.h and libcudart: a toolkit's, or those of LibTorch's wheels
#   LETHE_NCCL_HEADERS, lethe_nccl        nccl.h and libnccl: LETHE_NCCL_DIR, the system's, or beside LibTorch
# Headers and libraries suffice for the nccl group; no GPU and no driver is needed to build.
set(LETHE_CUDA_ARCHITECTURES "80;90;100" CACHE STRING "GPU architectures that the kernels are compiled for")
set(LETHE_CUDA_COMPILER "" CACHE FILEPATH "nvcc, if it is not in the path or in /usr/local/cuda/bin")
set(LETHE_NCCL_DIR "$ENV{LETHE_NCCL_DIR}" CACHE PATH "Folder that holds NCCL's include/ and lib/")
set(LETHE_CUDA_TOOLKIT FALSE)
if(LETHE_CUDA STREQUAL "OFF")
  return()
endif()

find_program(LETHE_NVCC nvcc HINTS "$ENV{CUDA_HOME}/bin" /usr/local/cuda/bin)
if(LETHE_CUDA_COMPILER)
  set(LETHE_NVCC "${LETHE_CUDA_COMPILER}")
endif()
get_filename_component(nvcc_folder "${LETHE_NVCC}" DIRECTORY)
set(toolkit_folders "${nvcc_folder}/.." "$ENV{CUDA_HOME}" /usr/local/cuda)
# An older toolkit knows no sm_100, and its runtime does not agree with LibTorch's in one process.
set(LETHE_NVCC_OLDEST 13.0)
if(LETHE_NVCC)
  execute_process(COMMAND "${LETHE_NVCC}" --version OUTPUT_VARIABLE nvcc_says ERROR_QUIET)
  string(REGEX MATCH "release ([0-9.]+)" nvcc_release "${nvcc_says}")
  if(CMAKE_MATCH_1 VERSION_LESS LETHE_NVCC_OLDEST)
    if(LETHE_CUDA STREQUAL "ON")
      message(FATAL_ERROR "${LETHE_NVCC} is of CUDA ${CMAKE_MATCH_1}; LibTorch's CUDA is ${LETHE_NVCC_OLDEST}: name a newer "
                          "nvcc by LETHE_CUDA_COMPILER")
    endif()
    message(STATUS "CUDA: ${LETHE_NVCC} (${CMAKE_MATCH_1}) is older than ${LETHE_NVCC_OLDEST} and is left out")
    set(LETHE_NVCC "")
    set(toolkit_folders "")
  endif()
endif()
set(cuda_folders ${toolkit_folders} "${LibTorch_ROOT}/../nvidia/cu13")
find_path(LETHE_CUDA_HEADERS cuda_runtime.h HINTS ${cuda_folders} PATH_SUFFIXES include NO_DEFAULT_PATH)
find_library(LETHE_CUDART NAMES cudart libcudart.so.13 libcudart.so.12 HINTS ${cuda_folders} PATH_SUFFIXES lib64 lib
             NO_DEFAULT_PATH)
find_path(LETHE_NCCL_HEADERS nccl.h HINTS "${LETHE_NCCL_DIR}" "${LibTorch_ROOT}/../nvidia/nccl" ${cuda_folders}
          PATH_SUFFIXES include)
# In each folder either name: an older NCCL of the system must not come before the one that LibTorch asks for.
find_library(LETHE_NCCL_LIBRARY NAMES nccl libnccl.so.2 NAMES_PER_DIR
             HINTS "${LETHE_NCCL_DIR}" "${LibTorch_ROOT}/../nvidia/nccl" ${cuda_folders} PATH_SUFFIXES lib64 lib)

if(LETHE_CUDA_HEADERS AND LETHE_CUDART)
  add_library(lethe_cudart INTERFACE)
  target_include_directories(lethe_cudart SYSTEM INTERFACE "${LETHE_CUDA_HEADERS}")
  target_link_libraries(lethe_cudart INTERFACE "${LETHE_CUDART}")
endif()
if(LETHE_NVCC AND TARGET lethe_cudart)
  set(CMAKE_CUDA_COMPILER "${LETHE_NVCC}")
  # The wheels' compiler does not find the wheels' libraries by itself.
  get_filename_component(cudart_folder "${LETHE_CUDART}" DIRECTORY)
  set(CMAKE_CUDA_FLAGS_INIT "-L${cudart_folder}")
  set(CMAKE_CUDA_ARCHITECTURES "${LETHE_CUDA_ARCHITECTURES}")
  enable_language(CUDA)
  set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # lethe_cudart: LibTorch's own one, not a second copy of it in each program
  set(LETHE_CUDA_TOOLKIT TRUE)
endif()

if(LETHE_CUDA STREQUAL "ON")
  foreach(needed LETHE_CUDA_TOOLKIT LETHE_CUDA_HEADERS LETHE_CUDART LETHE_NCCL_HEADERS LETHE_NCCL_LIBRARY)
    if(NOT ${needed})
      message(FATAL_ERROR "LETHE_CUDA=ON, but ${needed} was not found: name nvcc by LETHE_CUDA_COMPILER and NCCL's "
                          "folder by LETHE_NCCL_DIR, or use LETHE_CUDA=AUTO")
    endif()
  endforeach()
endif()
message(STATUS "CUDA: kernels ${LETHE_CUDA_TOOLKIT} (${LETHE_NVCC}), runtime ${LETHE_CUDART}, NCCL ${LETHE_NCCL_LIBRARY}")
