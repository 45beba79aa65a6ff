# Targets outside the default build: format, format-check, lint, headers (every header compiles alone).
file(GLOB_RECURSE lethe_sources CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
     framework/*.h framework/*.cpp kernels/*.h kernels/*.cuh kernels/*.cu launchers/*.h launchers/*.cpp
     tests/*.h tests/*.cpp)

find_program(LETHE_CLANG_FORMAT NAMES clang-format)
find_program(LETHE_RUN_CLANG_TIDY NAMES run-clang-tidy)
find_program(LETHE_CLANG_TIDY NAMES clang-tidy)
file(WRITE "${PROJECT_BINARY_DIR}/sources.txt.new" "")
foreach(source ${lethe_sources})
  file(APPEND "${PROJECT_BINARY_DIR}/sources.txt.new" "${source}\n")
endforeach()
file(COPY_FILE "${PROJECT_BINARY_DIR}/sources.txt.new" "${PROJECT_BINARY_DIR}/sources.txt" ONLY_IF_DIFFERENT)

function(lethe_tool_target name tool)
  if(tool)
    add_custom_target(${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" VERBATIM USES_TERMINAL)
  else()
    add_custom_target(${name} COMMAND "${CMAKE_COMMAND}" -E echo "${name}: run launchers/setup --tools, then configure again"
                      COMMAND "${CMAKE_COMMAND}" -E false VERBATIM)
  endif()
endfunction()

lethe_tool_target(format "${LETHE_CLANG_FORMAT}"
                  xargs -a "${PROJECT_BINARY_DIR}/sources.txt" "${LETHE_CLANG_FORMAT}" -i)
lethe_tool_target(format-check "${LETHE_CLANG_FORMAT}"
                  xargs -a "${PROJECT_BINARY_DIR}/sources.txt" "${LETHE_CLANG_FORMAT}" --dry-run -Werror)
# The compilation database lists unity batches; the header filter of .clang-tidy reaches the files inside them.
lethe_tool_target(lint "${LETHE_RUN_CLANG_TIDY}"
                  "${LETHE_RUN_CLANG_TIDY}" -quiet -p "${PROJECT_BINARY_DIR}" -clang-tidy-binary "${LETHE_CLANG_TIDY}"
                  "-extra-arg=-Wno-unknown-warning-option" "/(framework|launchers)/")

# One source a header, without the precompiled header, which would hide a missing include. The second include checks the
# guard. tests/structure/headers_test compares lone_headers/list.txt with the tree.
set(lethe_headers ${lethe_sources})
list(FILTER lethe_headers INCLUDE REGEX "\\.h$")
list(FILTER lethe_headers EXCLUDE REGEX "^framework/cmake/|^kernels/detail/|^tests/")
set(lone_sources "")
foreach(header ${lethe_headers})
  string(MAKE_C_IDENTIFIER "${header}" stem)
  set(lone "${PROJECT_BINARY_DIR}/lone_headers/${stem}.cpp")
  file(CONFIGURE OUTPUT "${lone}" @ONLY CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND lone_sources "${lone}")
endforeach()
string(REPLACE ";" "\n" lone_list "${lethe_headers}")
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/lone_headers/list.txt" @ONLY CONTENT "${lone_list}\n")
add_library(headers OBJECT EXCLUDE_FROM_ALL ${lone_sources})
target_link_libraries(headers PRIVATE lethe_settings LibTorch::cpu MPI::MPI_C yaml-cpp fmt::fmt spdlog::spdlog
                      nlohmann_json::nlohmann_json simdjson::simdjson CLI11::CLI11 ZLIB::ZLIB Boost::boost
                      PkgConfig::PCRE2 PkgConfig::UTF8PROC PkgConfig::XXHASH PkgConfig::SQLITE3)
