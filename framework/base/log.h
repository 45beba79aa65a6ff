// Logging through spdlog with a rank prefix. Only rank 0 speaks at info level; what any rank warns of shows,
// except what all of them find, which rank 0 says once.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace lethe::base {

// Called once by run/ after the world is known. `level`: debug, info, warn, error, off.
void start_log(int rank, int world_size, const std::string& level);

// Says `warning[key]: message` the first time that this process meets it, on rank 0 only: for what every rank
// finds (a property of the configuration, the model or the data).
void warn_once(const std::string& key, const std::string& message);

// The same on whatever rank calls: for what one rank alone may find (a damaged file on its node).
void warn_here(const std::string& key, const std::string& message);

}  // namespace lethe::base
