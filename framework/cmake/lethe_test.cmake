# lethe_test(<name> SOURCES … LINK parts… [RANKS 1 2 3] [LABELS …] [TIMEOUT s] [TORCH])
# One test program (GoogleTest). Without RANKS it is one ctest entry; with RANKS one entry for each world, started by
# mpirun; all ranks return the same exit code. Results go to <build>/test-results/*.xml, which launchers/test counts.
find_program(LETHE_MPIRUN NAMES mpirun REQUIRED)
set(LETHE_RANKED_LAUNCH ${LETHE_MPIRUN} --oversubscribe --bind-to none --mca mpi_yield_when_idle 1)

function(lethe_test name)
  cmake_parse_arguments(ARG "TORCH" "TIMEOUT" "SOURCES;LINK;RANKS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_LINK PREPEND lethe_)
  if(ARG_RANKS)
    target_link_libraries(${name} PRIVATE lethe_ranks_main)
  else()
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
  endif()
  target_link_libraries(${name} PRIVATE lethe_settings ${ARG_LINK} GTest::gtest GTest::gmock)
  target_compile_definitions(${name} PRIVATE LETHE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                             LETHE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6
                        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(ARG_TORCH)
    # The shared precompiled header is built with -fPIC; an executable's own default, -fPIE, would not match it.
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${name} PRIVATE -fPIC)
    target_precompile_headers(${name} REUSE_FROM lethe_torch_pch)
    target_link_libraries(${name} PRIVATE LibTorch::cpu)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  set(environment "OMP_NUM_THREADS=1;OMPI_ALLOW_RUN_AS_ROOT=1;OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1")
  if(ARG_RANKS)
    foreach(world ${ARG_RANKS})
      add_test(NAME ${name}.${world} COMMAND ${LETHE_RANKED_LAUNCH} -n ${world} $<TARGET_FILE:${name}>
               --gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.${world}.xml)
      set_tests_properties(${name}.${world} PROPERTIES LABELS ranks TIMEOUT ${ARG_TIMEOUT}
                           ENVIRONMENT "${environment}" PROCESSORS 2)
    endforeach()
  else()
    add_test(NAME ${name} COMMAND ${name} --gtest_output=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml)
    set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                         ENVIRONMENT "${environment}")
  endif()
endfunction()
