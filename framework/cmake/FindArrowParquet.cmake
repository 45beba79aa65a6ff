# Arrow's C++ libraries with their headers as the `pyarrow` wheel ships them (Debian has none): in LETHE_ARROW_DIR (the
# wheel's `pyarrow` folder), then in .deps/. Gives: ArrowParquet::parquet.
set(LETHE_ARROW_DIR "$ENV{LETHE_ARROW_DIR}" CACHE PATH "The pyarrow folder, or another with Arrow's include/ and libraries")
set(_arrow_hints "${LETHE_ARROW_DIR}" "${LETHE_ARROW_DIR}/lib" "${PROJECT_SOURCE_DIR}/.deps/arrow/pyarrow")
find_path(ArrowParquet_INCLUDE NAMES parquet/arrow/reader.h HINTS ${_arrow_hints} PATH_SUFFIXES include NO_DEFAULT_PATH)
file(GLOB _arrow_files "${LETHE_ARROW_DIR}/libarrow.so*" "${LETHE_ARROW_DIR}/lib/libarrow.so*"
     "${PROJECT_SOURCE_DIR}/.deps/arrow/pyarrow/libarrow.so*")
file(GLOB _parquet_files "${LETHE_ARROW_DIR}/libparquet.so*" "${LETHE_ARROW_DIR}/lib/libparquet.so*"
     "${PROJECT_SOURCE_DIR}/.deps/arrow/pyarrow/libparquet.so*")
list(POP_FRONT _arrow_files ArrowParquet_ARROW)
list(POP_FRONT _parquet_files ArrowParquet_PARQUET)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ArrowParquet
  REQUIRED_VARS ArrowParquet_INCLUDE ArrowParquet_ARROW ArrowParquet_PARQUET
  REASON_FAILURE_MESSAGE "set LETHE_ARROW_DIR to the folder of the pyarrow wheel, or LETHE_PARQUET=OFF")
if(ArrowParquet_FOUND AND NOT TARGET ArrowParquet::parquet)
  get_filename_component(_arrow_folder "${ArrowParquet_ARROW}" DIRECTORY)
  add_library(ArrowParquet::parquet INTERFACE IMPORTED)
  target_include_directories(ArrowParquet::parquet SYSTEM INTERFACE "${ArrowParquet_INCLUDE}")
  target_link_libraries(ArrowParquet::parquet INTERFACE "${ArrowParquet_PARQUET}" "${ArrowParquet_ARROW}")
  target_link_options(ArrowParquet::parquet INTERFACE "LINKER:-rpath,${_arrow_folder}" "LINKER:-rpath-link,${_arrow_folder}")
endif()
