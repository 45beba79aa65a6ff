#include "framework/data/forget_retain.h"

#include <gtest/gtest.h>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/config/document.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

std::string row(const std::string& question, const std::string& answer) {
  return nlohmann::json{{"question", question}, {"answer", answer}}.dump() + "\n";
}

Options two_files(const std::string& forget, const std::string& retain) {
  const auto folder = testing::fresh_folder("data");
  base::write_file_atomically(folder + "/forget.jsonl", forget);
  base::write_file_atomically(folder + "/retain.jsonl", retain);
  Options options;
  options.forget.path = folder + "/forget.jsonl";
  options.retain.path = folder + "/retain.jsonl";
  return options;
}

TEST(ForgetRetain, ReadsBothSets) {
  const auto sets = read_forget_retain(two_files(row("a", "1") + row("b", "2"), row("c", "1")));
  EXPECT_EQ(sets.forget.samples.size(), 2u);
  EXPECT_EQ(sets.retain.samples.size(), 1u);
  EXPECT_NE(sets.forget.hash, sets.retain.hash);
}

TEST(ForgetRetain, RefusesAQuestionInBothUnlessAllowed) {
  auto options = two_files(row("a", "1") + row("b", "2"), row("c", "1") + row("b", "other"));
  try {
    (void)read_forget_retain(options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.overlap");
    EXPECT_EQ(e.exit_code(), 78);
    EXPECT_NE(e.message().find("1 questions"), std::string::npos);
    EXPECT_NE(e.message().find("first: row 2, as row 2 of the forget set"), std::string::npos) << e.what();
    EXPECT_NE(e.hint().find("allow_overlap"), std::string::npos);
  }
  options.allow_overlap = true;
  EXPECT_EQ(read_forget_retain(options).retain.samples.size(), 2u);
}

TEST(ForgetRetain, MayKeepWhatASelectionLeaves) {
  auto options = two_files(row("a", "1") + row("b", "2"), row("b", "2"));
  options.select = SelectOptions{.by = "length", .count = 1};
  const auto sets = read_forget_retain(options);
  const auto& forget = sets.forget.samples;
  EXPECT_NO_THROW(check_overlap(options, {forget[0]}, sets.retain.samples));
  EXPECT_THROW(check_overlap(options, {forget[1]}, sets.retain.samples), Error);
}

TEST(ForgetRetain, RefusesAnEmptySet) {
  EXPECT_THROW((void)read_forget_retain(two_files("", row("c", "1"))), Error);
  EXPECT_THROW((void)read_forget_retain(two_files(row("c", "1"), "\n")), Error);
}

TEST(DataOptions, AreReadFromYaml) {
  const Options o = read(config::parse(R"(
forget: {path: f.jsonl, answer_key: reply}
retain: {path: r.jsonl}
text: {apply_chat_template: false, asst_start_tag: "A:", max_length: 64, date: "2025-04-10"}
max_dropped: 0.1
allow_overlap: true
)"));
  EXPECT_EQ(o.forget.path, "f.jsonl");
  EXPECT_EQ(o.forget.answer_key, "reply");
  EXPECT_EQ(o.retain.answer_key, "answer");
  EXPECT_FALSE(o.text.apply_chat_template);
  EXPECT_EQ(o.text.asst_start_tag, "A:");
  EXPECT_EQ(o.text.max_length, 64);
  EXPECT_EQ(o.text.date, "2025-04-10");
  EXPECT_DOUBLE_EQ(o.max_dropped, 0.1);
  EXPECT_TRUE(o.allow_overlap);
}

TEST(DataOptions, RefuseWhatTheyDoNotKnow) {
  const auto key_of = [](const std::string& yaml) {
    try {
      (void)read(config::parse(yaml));
      return std::string("accepted");
    } catch (const Error& e) {
      return e.key();
    }
  };
  EXPECT_EQ(key_of("retain: {path: r}"), "config.required");
  EXPECT_EQ(key_of("forget: {path: f}\nretain: {path: r}\nmax_droped: 0.1"), "config.unknown");
  EXPECT_EQ(key_of("forget: {path: f, kind: x}\nretain: {path: r}"), "config.unknown");
  EXPECT_EQ(key_of("forget: {path: f}\nretain: {path: r}\ntext: {date: \"2025-13-01\"}"), "config.range");
  EXPECT_EQ(key_of("forget: {path: f}\nretain: {path: r}\nmax_dropped: 2"), "config.range");
}

}  // namespace
}  // namespace lethe::data
