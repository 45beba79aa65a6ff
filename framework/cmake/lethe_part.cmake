# lethe_part(<name> SOURCES a.cpp … [DEPS parts…] [PRIVATE libs…] [PUBLIC libs…] [TORCH])
# One static library lethe_<name> (alias lethe::<name>) for one folder of framework/. TORCH: the part includes
# LibTorch, so it is built over the project's one precompiled header.
if(NOT TARGET lethe_torch_pch)
  file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/torch_pch.cpp" CONTENT "namespace lethe { int torch_precompiled_header() { return 0; } }\n")
  add_library(lethe_torch_pch STATIC "${PROJECT_BINARY_DIR}/torch_pch.cpp")
  target_link_libraries(lethe_torch_pch PUBLIC lethe_settings LibTorch::cpu)
  target_precompile_headers(lethe_torch_pch PRIVATE "${PROJECT_SOURCE_DIR}/framework/cmake/torch_pch.h")
  # A precompiled header holds the path that it was made under, so by its bytes no second checkout would find cached
  # objects. ccache takes this sum of what it was made from instead: the header, LibTorch, compiler and flags.
  file(READ "${PROJECT_SOURCE_DIR}/framework/cmake/torch_pch.h" _pch_source)
  file(READ "${LibTorch_ROOT}/include/torch/headeronly/version.h" _pch_torch)
  string(SHA256 _pch_sum "${_pch_source}${_pch_torch}${LibTorch_ROOT}${CMAKE_CXX_COMPILER_VERSION}\
${CMAKE_BUILD_TYPE}${CMAKE_CXX_FLAGS}${LETHE_SANITIZE}")
  file(WRITE "${PROJECT_BINARY_DIR}/CMakeFiles/lethe_torch_pch.dir/cmake_pch.hxx.gch.sum" "${_pch_sum}\n")
endif()

function(lethe_part name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPS;PRIVATE;PUBLIC" ${ARGN})
  add_library(lethe_${name} STATIC ${ARG_SOURCES})
  add_library(lethe::${name} ALIAS lethe_${name})
  list(TRANSFORM ARG_DEPS PREPEND lethe_)
  target_link_libraries(lethe_${name} PUBLIC lethe_settings ${ARG_DEPS} ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(ARG_TORCH)
    target_link_libraries(lethe_${name} PUBLIC LibTorch::cpu)
    target_precompile_headers(lethe_${name} REUSE_FROM lethe_torch_pch)
  endif()
  set_target_properties(lethe_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
endfunction()
