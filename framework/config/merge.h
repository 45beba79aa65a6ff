// One tree laid over another: a file over what it extends, an override over the file.
#pragma once

#include "framework/config/node.h"

namespace lethe::config {

// Mappings are merged key by key; anything else of `over` replaces what is in `base`. A word stands for
// {name: word} where the other side is a mapping, so that options can be added to `objective: npo`. When both
// sides have a `name` and the names differ, `over` replaces `base` whole: the options of npo mean nothing to
// rmu. A key with nothing behind it (`train:`, all below it a comment) leaves a mapping of `base` as it is;
// `~` and `null` replace it.
[[nodiscard]] NodePtr merged(const NodePtr& base, const NodePtr& over);

// The same for whole configurations. Their `name`, and that of a campaign, is a title and no choice: another
// title keeps the rest.
[[nodiscard]] NodePtr merged_roots(const NodePtr& base, const NodePtr& over);

// A plain word as {name: word}; nullptr for anything else.
[[nodiscard]] NodePtr named_form(const NodePtr& node);

// The mapping without one key (the same node if the key is not there).
[[nodiscard]] NodePtr without(const NodePtr& mapping, std::string_view key);

}  // namespace lethe::config
