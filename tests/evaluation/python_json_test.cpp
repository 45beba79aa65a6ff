#include "framework/evaluation/python_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "framework/base/error.h"
#include "tests/evaluation/oracle.h"

namespace lethe::evaluation {
namespace {

using records::Json;

TEST(PythonJson, NumbersAreWrittenAsReprDoes) {
  for (const auto& [number, text] : {std::pair<double, const char*>{1, "1.0"},
                                     {0.1, "0.1"},
                                     {-0.0, "-0.0"},
                                     {1e-5, "1e-05"},
                                     {0.0001, "0.0001"},
                                     {123456789.25, "123456789.25"},
                                     {1e15, "1000000000000000.0"},
                                     {1e16, "1e+16"},
                                     {1.0635896769518578e-239, "1.0635896769518578e-239"},
                                     {5e-324, "5e-324"},
                                     {-2.5e22, "-2.5e+22"}})
    EXPECT_EQ(python_number(number), text);
  EXPECT_EQ(python_number(std::nan("")), "NaN");
  EXPECT_EQ(python_number(-HUGE_VAL), "-Infinity");
}

TEST(PythonJson, WhatPythonWritesIsReadBack) {
  const Json read =
      parse_python_json(R"({"a": NaN, "b": [-Infinity, Infinity, 1e-05], "c": "NaN \" NaN"})", "x");
  EXPECT_TRUE(std::isnan(number_of(read["a"])));
  EXPECT_EQ(number_of(read["b"][0]), -HUGE_VAL);
  EXPECT_EQ(number_of(read["b"][1]), HUGE_VAL);
  EXPECT_EQ(read["c"], "NaN \" NaN");
  EXPECT_THROW((void)parse_python_json("{\"a\": }", "x"), Error);
}

std::string bits_of(double value) {
  std::string hex;
  for (int byte = 0; byte < 8; ++byte)
    hex += fmt::format("{:02x}", (std::bit_cast<std::uint64_t>(value) >> (8 * byte)) & 0xFF);
  return hex;
}

TEST(PythonJson, AgreesWithPythonOnRandomNumbersAndHardTexts) {
  LETHE_NEED_ORACLE("json");
  std::mt19937_64 generator(1);
  std::vector<double> numbers;
  std::vector<std::string> bits;
  for (int i = 0; i < 3000; ++i) {
    const double any = std::bit_cast<double>(generator());
    numbers.push_back(
        i % 2 == 0 ? any : std::ldexp(static_cast<double>(generator() % 100000), -static_cast<int>(i % 60)));
    if (std::isnan(numbers.back())) numbers.back() = 0.5;  // a NaN's payload is not compared
    bits.push_back(bits_of(numbers.back()));
  }
  Json value = {{"text", "é 漢 \xF0\x9F\x98\x80 \x7F \t\n\r\b\f \x01 \" \\ /"},
                {"empty", Json::object()},
                {"list", {1, Json(), true, Json::array(), {{"k", 0.25}}}}};
  const auto answer = testing::ask_oracle("python_json.py", {{"bits", bits}, {"value", value}});
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(python_number(numbers[i]), answer["numbers"][i]);
  // nlohmann sorts the oracle's copy by key: compare with the same order.
  EXPECT_EQ(python_json(Json::parse(nlohmann::json(value).dump())), answer["file"]);
}

}  // namespace
}  // namespace lethe::evaluation
