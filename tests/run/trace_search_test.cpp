// What a purge looks for afterwards is found wherever and however it is written, and nothing else is.
#include "framework/run/trace_search.h"

#include <gtest/gtest.h>

#include <cstring>

namespace lethe::run {
namespace {

const std::vector<std::int32_t> kIds = {101, 7, 4095, 12, 30000, 5, 9, 77, 8};

TraceSearch search() {
  TraceSearch traces;
  traces.add_text("Odalys said \"no\" in Lüderitz.");
  traces.add_tokens(kIds);
  return traces;
}

template <class Integer>
std::string bytes_of(std::size_t first, std::size_t count, std::size_t padding) {
  std::string bytes(padding, 'x');
  for (std::size_t i = first; i < first + count; ++i) {
    const auto value = static_cast<Integer>(kIds[i]);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes + "yyyy";
}

std::string written(std::size_t first, std::size_t count, const std::string& between) {
  std::string text = "ids: [";
  for (std::size_t i = first; i < first + count; ++i)
    text += (i > first ? between : "") + std::to_string(kIds[i]);
  return text + "]";
}

TEST(TraceSearch, FindsATextPlainAndAsJsonWritesIt) {
  EXPECT_EQ(search().found_in("… Odalys said \"no\" in Lüderitz. …"), "a text");
  EXPECT_EQ(search().found_in("{\"q\":\"Odalys said \\\"no\\\" in Lüderitz.\"}"), "a text");
  EXPECT_EQ(search().found_in("Odalys said yes."), "");
}

TEST(TraceSearch, FindsEightTokenIdsAtAnyOffsetAndOfEitherWidth) {
  for (const std::size_t padding : {0u, 1u, 2u, 3u, 5u})
    for (const std::size_t first : {0u, 1u}) {
      EXPECT_EQ(search().found_in(bytes_of<std::int32_t>(first, 8, padding)), "token ids as 32-bit integers");
      EXPECT_EQ(search().found_in(bytes_of<std::int64_t>(first, 8, padding)), "token ids as 64-bit integers");
    }
}

TEST(TraceSearch, FindsEightTokenIdsAsWrittenNumbers) {
  for (const std::string between : {",", ", ", " ", "\n"})
    EXPECT_EQ(search().found_in(written(1, 8, between)), "token ids as numbers");
  EXPECT_EQ(search().found_in(written(0, 9, ",")), "token ids as numbers");
}

TEST(TraceSearch, SevenIdsInARowAreNoTrace) {
  EXPECT_EQ(search().found_in(bytes_of<std::int32_t>(0, 7, 1)), "");
  EXPECT_EQ(search().found_in(written(0, 7, ",")), "");
  EXPECT_EQ(search().found_in(written(0, 8, ";")), "");  // not a list of numbers
}

TEST(TraceSearch, CountsWhatItLooksFor) {
  EXPECT_EQ(search().num_windows(), 2u);
  EXPECT_EQ(TraceSearch().found_in("anything"), "");
}

}  // namespace
}  // namespace lethe::run
