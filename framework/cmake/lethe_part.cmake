# lethe_part(<name> SOURCES a.cpp … [DEPS parts…] [PRIVATE libs…] [PUBLIC libs…] [TORCH] [COLD])
# One static library lethe_<name> (alias lethe::<name>) for one folder of framework/. TORCH: the part includes
# LibTorch. COLD: it waits for files, processes and people, so it is compiled with -O1, which takes four fifths of the time.
# Every part is built over a precompiled header, with LibTorch or without.

# A target that only makes a precompiled header, for others to REUSE_FROM.
function(lethe_precompiled_header name header)
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/${name}.cpp" CONTENT "namespace lethe { int ${name}() { return 0; } }\n")
  add_library(${name} STATIC "${PROJECT_BINARY_DIR}/${name}.cpp")
  target_link_libraries(${name} PUBLIC lethe_settings fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json ${ARGN})
  target_precompile_headers(${name} PRIVATE "${header}")
  # A precompiled header holds the path that it was made under, so by its bytes no second checkout would find cached
  # objects. ccache takes this sum of what it was made from instead: the headers, LibTorch, compiler and flags.
  file(GLOB headers "${PROJECT_SOURCE_DIR}/framework/cmake/*_pch.h")
  set(source "")
  foreach(one ${headers})
    file(READ "${one}" text)
    string(APPEND source "${text}")
  endforeach()
  file(READ "${LibTorch_ROOT}/include/torch/headeronly/version.h" torch)
  string(SHA256 sum "${source}${torch}${LibTorch_ROOT}${CMAKE_CXX_COMPILER_VERSION}${CMAKE_BUILD_TYPE}\
${CMAKE_CXX_FLAGS}${LETHE_SANITIZE}${GTest_VERSION}")
  file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.gch.sum" "${sum}\n")
endfunction()
if(NOT TARGET lethe_torch_pch)
  lethe_precompiled_header(lethe_common_pch "${PROJECT_SOURCE_DIR}/framework/cmake/common_pch.h")
  lethe_precompiled_header(lethe_torch_pch "${PROJECT_SOURCE_DIR}/framework/cmake/torch_pch.h" LibTorch::cpu)
endif()

function(lethe_part name)
  cmake_parse_arguments(ARG "TORCH;COLD" "" "SOURCES;DEPS;PRIVATE;PUBLIC" ${ARGN})
  add_library(lethe_${name} STATIC ${ARG_SOURCES})
  add_library(lethe::${name} ALIAS lethe_${name})
  list(TRANSFORM ARG_DEPS PREPEND lethe_)
  target_link_libraries(lethe_${name} PUBLIC lethe_settings ${ARG_DEPS} ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_TORCH)
    target_link_libraries(lethe_${name} PUBLIC LibTorch::cpu)
    target_precompile_headers(lethe_${name} REUSE_FROM lethe_torch_pch)
  else()
    target_precompile_headers(lethe_${name} REUSE_FROM lethe_common_pch)
  endif()
  if(ARG_COLD)
    target_compile_options(lethe_${name} PRIVATE ${LETHE_FAST_COMPILE})
  endif()
  set_target_properties(lethe_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${LETHE_UNITY_BATCH})
endfunction()
