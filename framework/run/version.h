// Which lethe this is; filled in by CMake (version.cpp.in).
#pragma once

namespace lethe::run {

extern const char* const kVersion;    // "0.1.0"
extern const char* const kGitCommit;  // with "-dirty" where the tree was changed; empty outside a repository

}  // namespace lethe::run
