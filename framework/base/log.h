// Logging through spdlog with a rank prefix. Only rank 0 speaks at info level; warnings and errors of any
// rank show.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace lethe::base {

// Called once by run/ after the world is known. `level`: debug, info, warn, error, off.
void start_log(int rank, int world_size, const std::string& level);

// Says `message` at warning level the first time this key is seen in this process.
void warn_once(const std::string& key, const std::string& message);

}  // namespace lethe::base
