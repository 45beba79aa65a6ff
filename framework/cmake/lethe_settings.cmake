# Language standard, warnings and sanitizers, as interface targets: nothing here is a global flag.
add_library(lethe_settings INTERFACE)
target_compile_features(lethe_settings INTERFACE cxx_std_20)
target_include_directories(lethe_settings INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
# Designated initialisers leave the rest at its default on purpose. GCC 12 reports `"text" + std::string` as an
# overlapping copy (its bug 105651).
target_compile_options(lethe_settings INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
                       $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds>
                       $<$<BOOL:${LETHE_WERROR}>:-Werror>)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(LETHE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined or thread")
if(LETHE_SANITIZE)
  target_compile_options(lethe_settings INTERFACE -fsanitize=${LETHE_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(lethe_settings INTERFACE -fsanitize=${LETHE_SANITIZE})
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  target_link_options(lethe_settings INTERFACE -fuse-ld=mold)
endif()
