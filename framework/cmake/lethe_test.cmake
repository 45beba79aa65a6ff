# lethe_test(<name> SOURCES … LINK parts… [RANKS 1 2 3] [LABELS …] [APART label filter] [TIMEOUT s] [TORCH] [LONG VARIABLE=value…])
# One test program (GoogleTest). Without RANKS it is one ctest entry; with RANKS one entry for each world, started by
# mpirun; all ranks return the same exit code. APART: the tests of this filter are an entry <name>.<label> of their own.
# LONG: the same again under label `release`, in an environment with these variables. Results go to
# <build>/test-results/*.xml, which launchers/test counts.
# Labels: `unit` (the default) is one part in one process, without Python, a browser or a real model: all of them together
# take less than a minute. `ranks` starts processes, `worlds` proves one law over many virtual ones, `oracle` asks
# Python's packages or runs a real model, `browser` needs Chromium, `kernels` executes CUDA sources on the host.
find_program(LETHE_MPIRUN NAMES mpirun REQUIRED)
set(LETHE_RANKED_LAUNCH ${LETHE_MPIRUN} --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)

# Tests have precompiled headers of their own, with GoogleTest and built as they are built.
function(lethe_test_precompiled_headers)
  lethe_precompiled_header(lethe_gtest_pch "${PROJECT_SOURCE_DIR}/framework/cmake/gtest_pch.h" GTest::gtest GTest::gmock)
  lethe_precompiled_header(lethe_gtest_torch_pch "${PROJECT_SOURCE_DIR}/framework/cmake/gtest_torch_pch.h" GTest::gtest
                           GTest::gmock LibTorch::cpu)
  foreach(target lethe_gtest_pch lethe_gtest_torch_pch)
    target_compile_options(${target} PRIVATE ${LETHE_FAST_COMPILE})
  endforeach()
endfunction()

# How a target of tests is compiled. TORCH: it includes LibTorch.
function(lethe_test_settings target)
  cmake_parse_arguments(ARG "TORCH" "" "" ${ARGN})
  target_link_libraries(${target} PRIVATE lethe_settings GTest::gtest GTest::gmock fmt::fmt spdlog::spdlog
                        nlohmann_json::nlohmann_json)
  target_compile_options(${target} PRIVATE ${LETHE_FAST_COMPILE})
  target_compile_definitions(${target} PRIVATE LETHE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             LETHE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${LETHE_UNITY_BATCH})
  # Precompiled headers are built with -fPIC; an executable's own default, -fPIE, would not match them.
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${target} PRIVATE -fPIC)
  if(ARG_TORCH)
    target_precompile_headers(${target} REUSE_FROM lethe_gtest_torch_pch)
    target_link_libraries(${target} PRIVATE LibTorch::cpu)
  else()
    target_precompile_headers(${target} REUSE_FROM lethe_gtest_pch)
  endif()
endfunction()

function(lethe_test name)
  cmake_parse_arguments(ARG "TORCH" "TIMEOUT" "SOURCES;LINK;RANKS;LABELS;APART;LONG" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_LINK PREPEND lethe_)
  if(ARG_RANKS)
    target_link_libraries(${name} PRIVATE lethe_ranks_main)
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(ARG_TORCH)
    lethe_test_settings(${name} TORCH)
  else()
    lethe_test_settings(${name})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set(environment "OMP_NUM_THREADS=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
  set(worlds ${ARG_RANKS})
  if(NOT ARG_RANKS)
    set(worlds alone)
  endif()
  foreach(world ${worlds})
    set(launch "")
    set(entry ${name})
    if(ARG_RANKS)
      set(launch ${LETHE_RANKED_LAUNCH} -n ${world})
      set(entry ${name}.${world})
      set(ARG_LABELS ranks)
    endif()
    set(filter "")
    if(ARG_APART)
      list(GET ARG_APART 0 apart)
      list(GET ARG_APART 1 filter)
      lethe_test_entry(${entry}.${apart} ${apart} ${ARG_TIMEOUT} "${environment}" ${launch} $<TARGET_FILE:${name}>
                       "--gtest_filter=${filter}")
      set(filter "--gtest_filter=-${filter}")
    endif()
    lethe_test_entry(${entry} "${ARG_LABELS}" ${ARG_TIMEOUT} "${environment}" ${launch} $<TARGET_FILE:${name}> ${filter})
    if(ARG_LONG)
      lethe_test_entry(${entry}.release release 7200 "${environment};${ARG_LONG}" ${launch} $<TARGET_FILE:${name}>)
    endif()
    if(ARG_RANKS)
      set_tests_properties(${entry} PROPERTIES PROCESSORS 2)
    endif()
  endforeach()
endfunction()

# One ctest entry: the command line after the environment.
function(lethe_test_entry entry labels timeout environment)
  add_test(NAME ${entry} COMMAND ${ARGN} --gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${entry}.xml)
  set_tests_properties(${entry} PROPERTIES LABELS "${labels}" TIMEOUT ${timeout} ENVIRONMENT "${environment}")
endfunction()

# Entries that take a whole GPU: one at a time, under label `gpu`.
function(lethe_gpu_entries)
  set_tests_properties(${ARGN} PROPERTIES LABELS gpu RESOURCE_LOCK gpu)
endfunction()
