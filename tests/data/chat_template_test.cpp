#include "framework/data/template/chat_template.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "tests/data/hard_strings.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

using nlohmann::json;

std::string rendered(const std::string& source, const std::vector<Message>& messages = {},
                     RenderOptions options = {}) {
  options.bos_token = "<s>", options.eos_token = "</s>";
  if (!options.date) options.date = "2025-04-10";
  return ChatTemplate::parse(source).render(messages, options);
}

std::string render_case(const json& row) {
  std::vector<Message> messages;
  for (const json& message : row["messages"]) messages.push_back({message["role"], message["content"]});
  RenderOptions options;
  options.add_generation_prompt = row["add_generation_prompt"];
  return rendered(row["template"], messages, options);
}

std::vector<json> golden_cases() {
  std::ifstream file(LETHE_SOURCE_DIR "/tests/golden/templates/golden.jsonl");
  std::vector<json> rows;
  std::string line;
  std::getline(file, line);  // who made it
  while (std::getline(file, line)) rows.push_back(json::parse(line));
  return rows;
}

void expect_same(const json& row, const json& wanted) {
  if (wanted.is_null()) {
    EXPECT_THROW((void)render_case(row), Error) << row["template"];
    return;
  }
  try {
    EXPECT_EQ(render_case(row), wanted.get<std::string>()) << row["template"];
  } catch (const Error& e) {
    ADD_FAILURE() << row["template"] << "\n" << e.what();
  }
}

void expect_error(const std::string& source, const std::string& key, const std::string& words) {
  try {
    (void)rendered(source, {{"user", "q"}});
    ADD_FAILURE() << "accepted: " << source.substr(0, 200);
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), key) << e.what();
    EXPECT_NE(e.message().find(words), std::string::npos) << e.what();
  }
}

TEST(ChatTemplate, RendersAsJinjaDoes) {
  const auto rows = golden_cases();
  ASSERT_GT(rows.size(), 100u);
  for (const json& row : rows) expect_same(row, row["text"]);
}

TEST(ChatTemplate, RendersHardTextsAsLiveJinja) {
  LETHE_NEED_ORACLE("jinja2");
  json cases = json::array();
  const auto texts = testing::hard_strings(21, 300);
  auto rows = golden_cases();
  rows.resize(60);  // the families
  for (std::size_t i = 6; i + 1 < texts.size(); ++i) {
    json row = rows[i % rows.size()];
    row["messages"] = {{{"role", "user"}, {"content", texts[i]}},
                       {{"role", "assistant"}, {"content", texts[i + 1]}}};
    row.erase("text");
    cases.push_back(row);
  }
  const json answers = testing::ask_oracle("render.py", cases);
  for (std::size_t i = 0; i < cases.size(); ++i) expect_same(cases[i], answers[i]);
}

TEST(ChatTemplate, RefusesConstructsByNameAndLine) {
  expect_error("\n\n{% include 'x' %}", "template.construct", "line 3: {% include %} is not supported");
  expect_error("{% macro f() %}{% endmacro %}", "template.construct", "{% macro %}");
  expect_error("{{ 'a'|xmlattr }}", "template.construct", "the filter xmlattr");
  expect_error("{{ 1 is filter('x') }}", "template.construct", "the test filter");
  expect_error("{{ [].append(1) }}", "template.construct", "the method append()");
  expect_error("{{ lipsum() }}", "template.construct", "the function lipsum()");
  expect_error("{{ messages[0].items }}", "template.construct", "without a call");
  expect_error("{{ ''.__class__ }}{{ x.__class__() }}", "template.construct", "__class__()");
  expect_error("{% raw %}x{% endraw %}", "template.construct", "{% raw %}");
}

TEST(ChatTemplate, RefusesWhatIsNotJinja) {
  expect_error("{{ 1", "template.construct", "line 1: a tag without end");
  expect_error("a\n{# b", "template.construct", "line 2: a comment without end");
  expect_error("{% if x %}", "template.construct", "endif");
  expect_error("{{ (1 }}", "template.construct", "line 1");
  expect_error("{{ 'a }}", "template.construct", "a string without end");
  expect_error("{{ 1 + }}", "template.construct", "a tag that ends here");
  expect_error("{{ $ }}", "template.construct", "the character `$`");
  expect_error("{% break %}", "template.construct", "outside of a loop");
  expect_error("\xff", "template.construct", "not UTF-8");
}

TEST(ChatTemplate, PassesOnWhatTheTemplateRaises) {
  expect_error("{{ raise_exception('roles must alternate') }}", "template.raised", "roles must alternate");
}

TEST(ChatTemplate, SaysWhichValueIsWrong) {
  expect_error("\n{{ nope.x }}", "template.type", "line 2: `nope` is undefined");
  expect_error("{{ messages[0].nope + 'a' }}", "template.type", "`nope` is undefined");
  expect_error("{{ 1 // 0 }}", "template.type", "division by zero");
  expect_error("{{ 9223372036854775807 + 1 }}", "template.type", "64 bits");
}

class CostlyTemplate : public ::testing::TestWithParam<const char*> {};

TEST_P(CostlyTemplate, EndsWithinItsBudget) {
  const auto start = std::chrono::steady_clock::now();
  expect_error(GetParam(), "template.budget", "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));  // 0.1 s on an idle machine
}

INSTANTIATE_TEST_SUITE_P(
    Templates, CostlyTemplate,
    ::testing::Values(
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for a in range(900) %}{% for b in range(900) %}{% for c in range(9) %}x{% endfor %}{% endfor "
        "%}{% endfor %}",
        "{% set n = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
        "{% set n = namespace(s=[1]) %}{% for i in range(90) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s "
        "}}",
        "{% set n = namespace(s=[1]) %}{% for i in range(9999) %}{% set n.s = [n.s] %}{% endfor %}",
        "{{ 'x' * 10**15 }}", "{{ ([0] * 900000)|tojson(indent=60) }}",
        "{% set s = 'x ' * 100000 %}{% for i in range(99999) %}{% set q = s.split() %}{% endfor %}",
        "{% set s = range(90000)|list %}{% for i in range(99999) %}{% set q = s == s %}{% endfor %}"));

TEST(ChatTemplate, RefusesDeepNestingInsteadOfOverflowing) {
  const auto repeated = [](const char* text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  expect_error("{{ " + repeated("(", 50000) + "1" + repeated(")", 50000) + " }}", "template.construct",
               "200 deep");
  expect_error("{{ 1" + repeated(" + 1", 50000) + " }}", "template.construct", "200 deep");
  expect_error("{{ a" + repeated(".b", 50000) + " }}", "template.construct", "200 deep");
  expect_error(repeated("{% if 1 %}", 5000), "template.construct", "50 deep");
}

TEST(ChatTemplate, TakesTheDateFromTheConfiguration) {
  RenderOptions options;
  options.date = "2024-02-29";
  EXPECT_EQ(rendered("{{ strftime_now('%d %b %Y, %A %j') }}", {}, options), "29 Feb 2024, Thursday 060");
  options.date = "2023-02-29";
  EXPECT_THROW((void)rendered("x", {}, options), Error);
}

TEST(ChatTemplate, GivesTheUsersVariablesToTheTemplate) {
  RenderOptions options;
  options.variables = {{"date_string", "10 Apr 2025"}};
  EXPECT_EQ(rendered("{{ date_string if date_string is defined else 'none' }}", {}, options), "10 Apr 2025");
}

TEST(ChatTemplate, IsFoundInTheModelDirectory) {
  const auto folder = testing::fresh_folder("model");
  EXPECT_FALSE(ChatTemplate::load(folder).has_value());
  base::write_file_atomically(
      folder + "/tokenizer_config.json",
      R"({"chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]})");
  EXPECT_EQ(ChatTemplate::load(folder)->render({}, {}), "d");
  base::write_file_atomically(folder + "/tokenizer_config.json", R"({"chat_template": "one"})");
  EXPECT_EQ(ChatTemplate::load(folder)->render({}, {}), "one");
  base::write_file_atomically(folder + "/chat_template.jinja", "file\n");
  EXPECT_EQ(ChatTemplate::load(folder)->render({}, {}), "file");
  EXPECT_NE(ChatTemplate::load(folder)->hash(), ChatTemplate::parse("file").hash());
}

}  // namespace
}  // namespace lethe::data
