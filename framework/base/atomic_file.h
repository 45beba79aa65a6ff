// Files and folders that are complete or absent: written aside, fsynced, then renamed into place.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lethe::base {

// Says why `path` could not be written (`error` is an errno): io.space, out.permission, out.path (a file
// where a folder is needed or the other way round, a name that is too long) or io.write.
[[noreturn]] void fail_write(const std::filesystem::path& path, int error);

// Makes `folder` and what lies above it; nothing to do where it is there. Errors: those of fail_write.
void make_folders(const std::filesystem::path& folder);

// Refuses before anything is written: io.space unless `folder`'s file system has `bytes` left for `what`
// ("step-400"). What others write meanwhile may still fill it.
void require_space(const std::filesystem::path& folder, std::uint64_t bytes, const std::string& what);

// Errors: io.space (disk full or quota), out.permission, io.write; the old file stays as it was.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

// Reads a whole file of at most `max_bytes`. Errors: io.read, io.size.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t max_bytes = 1ull << 30);

void fsync_path(const std::filesystem::path& path);

// Publishes a folder that was written under another name on the same file system: fsyncs it, renames it,
// fsyncs the parent. `target` must not exist.
void publish_folder(const std::filesystem::path& written, const std::filesystem::path& target);

}  // namespace lethe::base
