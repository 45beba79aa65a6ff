// What stands behind every Section of one configuration: its tree, and the record of what was asked of it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/config/document.h"
#include "framework/config/node.h"

namespace lethe::config {

class Document {
 public:
  explicit Document(NodePtr root, bool reference = false) : root_(std::move(root)), reference_(reference) {}

  // The node at a path; nullptr if nothing is written there.
  [[nodiscard]] const Node* find(std::string_view path) const;
  // The entry `key` of the mapping at `path`; nullptr if absent.
  [[nodiscard]] const Entry* entry(std::string_view path, std::string_view key) const;

  // Required keys are not missed and every word is allowed (for_reference()).
  [[nodiscard]] bool reference() const noexcept { return reference_; }

  // Marks `key` of the section as known, without a value: nested sections, `name`.
  void ask(std::string_view section, std::string_view key);
  // Records a read value; a key that is read twice is listed once, as it was read last.
  void record(std::string_view section, std::string_view key, ReadKey read);

  [[nodiscard]] std::vector<std::string> asked(std::string_view section) const;
  [[nodiscard]] const std::vector<ReadKey>& reads() const noexcept { return reads_; }

 private:
  NodePtr root_;
  bool reference_;
  std::vector<ReadKey> reads_;
  std::map<std::string, std::size_t, std::less<>> read_at_;
  std::map<std::string, std::vector<std::string>, std::less<>> asked_;  // in order of asking
};

}  // namespace lethe::config
