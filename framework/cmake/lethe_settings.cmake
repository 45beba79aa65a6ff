# Another compiler finds other things worth a warning; whoever only wants to build is not stopped by them.
if(LETHE_WERROR STREQUAL AUTO AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set(LETHE_WARNINGS_STOP ON)
elseif(LETHE_WERROR STREQUAL AUTO)
  set(LETHE_WARNINGS_STOP OFF)
else()
  set(LETHE_WARNINGS_STOP ${LETHE_WERROR})
endif()

# Language standard, warnings and sanitizers, as interface targets: nothing here is a global flag.
add_library(lethe_settings INTERFACE)
target_compile_features(lethe_settings INTERFACE cxx_std_20)
target_include_directories(lethe_settings INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
# Designated initialisers leave the rest at its default on purpose. GCC 12 reports `"text" + std::string` as an
# overlapping copy (its bug 105651).
target_compile_options(lethe_settings INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
                       $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>
                       $<$<BOOL:${LETHE_WARNINGS_STOP}>:-Werror>)
# For code whose own speed nobody feels: tests, reports, campaigns.
set(LETHE_FAST_COMPILE $<$<CONFIG:Release>:-O1>)
# A file with LibTorch's header costs 3 s before its own first line.
set(LETHE_UNITY_BATCH 16 CACHE STRING "Sources that are compiled as one; fewer where one part is worked at")
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(LETHE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")
if(LETHE_SANITIZE)
  target_compile_options(lethe_settings INTERFACE -fsanitize=${LETHE_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(lethe_settings INTERFACE -fsanitize=${LETHE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Cached objects are found again from another checkout (BASEDIR, NOHASHDIR, PCH_EXTSUM: lethe_part), through the
  # precompiled header (PCH_DEFINES, TIME_MACROS), although that header and the unity batches were written a moment
  # before they are compiled (INCLUDE_FILE_*TIME).
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
      CCACHE_PCH_EXTSUM=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  target_link_options(lethe_settings INTERFACE -fuse-ld=mold)
endif()
