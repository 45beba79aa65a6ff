// How OpenUnlearning cleans decoded texts before it compares them.
#pragma once

#include <string>
#include <string_view>

namespace lethe::evaluation {

// transformers' clean_up_tokenization: " ." " ?" " !" " ," " ' " " n't" " 'm" " 's" " 've" " 're" lose their
// space(s).
[[nodiscard]] std::string clean_up_spaces(std::string text);
// Python's str.replace(what, ""); nothing happens for an empty `what`.
[[nodiscard]] std::string without(std::string text, std::string_view what);
// Without ASCII white space at either end.
[[nodiscard]] std::string stripped(std::string_view text);

}  // namespace lethe::evaluation
