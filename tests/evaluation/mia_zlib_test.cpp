#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaZlib, AgreesWithTheOracle) {
  expect_golden(metric("mia_zlib")->compute(golden_inputs()), "mia_zlib");
}

TEST(MiaZlib, DividesByTheBytesThatZlibMakes) {
  Inputs inputs;
  AnswerValues one = answer({-38.0});
  one.text = "Basil was born in Kuwait City.";  // 38 bytes, by the specification
  inputs.answers[{"forget", Answers::right}] = inputs.answers[{"holdout", Answers::right}] = {{one}};
  EXPECT_EQ(*metric("mia_zlib")->compute(inputs).parts[0].second.samples[0].value, 1.0);
}
}  // namespace
}  // namespace lethe::evaluation
