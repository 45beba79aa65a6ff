// What a Document holds; internal to config/.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "framework/config/document.h"
#include "framework/config/tree.h"

namespace lethe::config {

class Document {
 public:
  Node root;
  bool reference = false;  // required keys are not missed, every word is allowed
  std::vector<ReadKey> reads;
  std::map<std::string, std::set<std::string>> asked;  // path of a mapping -> keys somebody read

  void record(ReadKey read) {
    for (ReadKey& known : reads)
      if (known.path == read.path) return void(known = std::move(read));
    reads.push_back(std::move(read));
  }
};

}  // namespace lethe::config
