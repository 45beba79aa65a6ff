# lethe_registry(<part> DIR <folder> HEADER <path> NAMESPACE <ns> [EXCLUDE stems…])
# Compiles every <folder>/*.cpp into the part and writes the table of their <stem>_entry::make functions: no static
# initialisers (a static library drops them silently) and no list to edit; a file without its entry point is a link
# error. HEADER declares, in NAMESPACE:  using Make = <return>(<arguments>);   struct Entry { std::string_view name;
# Make* make; };   std::span<const Entry> registry();
# An entry's namespace is its own, so that entries may use the same short names (Options, read) in one unity batch.
function(lethe_registry part)
  cmake_parse_arguments(ARG "" "DIR;HEADER;NAMESPACE" "EXCLUDE" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS "${ARG_DIR}/*.cpp")
  set(declarations "")
  set(rows "")
  set(entries "")
  foreach(file ${files})
    get_filename_component(stem "${file}" NAME_WE)
    if(stem IN_LIST ARG_EXCLUDE)
      continue()
    endif()
    string(APPEND declarations "namespace ${stem}_entry { Make make; }\n")
    list(APPEND entries "${stem}")
    string(APPEND rows "    {\"${stem}\", &${stem}_entry::make},\n")
    target_sources(lethe_${part} PRIVATE "${file}")
  endforeach()
  list(LENGTH entries count)  # a folder may be empty still
  string(REPLACE "::" "_" flat "${ARG_NAMESPACE}")
  set(out "${PROJECT_BINARY_DIR}/generated/${flat}_registry.cpp")
  file(CONFIGURE OUTPUT "${out}" @ONLY CONTENT
"// Written by lethe_registry: one row a file of the registry's folder.
#include \"${ARG_HEADER}\"

#include <array>

namespace ${ARG_NAMESPACE} {
${declarations}
std::span<const Entry> registry() {
  static constexpr std::array<Entry, ${count}> entries = {{
${rows}  }};
  return entries;
}
}  // namespace ${ARG_NAMESPACE}
")
  target_sources(lethe_${part} PRIVATE "${out}")
endfunction()
