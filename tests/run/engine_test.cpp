// What a run's model starts from, and what it leaves behind.
#include "framework/run/engine.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "framework/base/atomic_file.h"
#include "framework/config/document.h"
#include "framework/models/exporter.h"
#include "framework/models/random_init.h"
#include "framework/run/plan.h"

namespace lethe::run {
namespace {

namespace fs = std::filesystem;

class EngineFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("engine_files_{}", ::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static RunConfig config_of(const std::string& model) {
    return read_run_config(config::parse(fmt::format(
        "model: {{{}}}\ndata: {{forget: {{path: a}}, retain: {{path: b}}}}\nparallel: {{zero: 0}}\n",
        model)));
  }

  // Matrices in bf16, norms in f32.
  fs::path mixed_model() {
    models::HfConfig shape = config_of("init: random, tokenizer: nowhere").model.random;
    shape.vocab_size = 50;
    const models::DecoderModel model = models::make_decoder_model(shape);
    std::vector<models::FileDType> dtypes;
    for (const models::Parameter& p : model.index.parameters())
      dtypes.push_back(p.shape.size() == 1 ? models::FileDType::f32 : models::FileDType::bf16);
    models::Exporter exporter(folder_ / "mixed", model.index, shape, models::FileDType::bf16, std::nullopt,
                              {.dtypes = dtypes});
    models::export_model(exporter, model.index.size(), [&](std::uint64_t first, std::span<float> out) {
      models::random_weights(model.index, 3, first, out);
      for (float& value : out) value *= 1.0001f;  // gains that bf16 would round
    });
    return folder_ / "mixed";
  }

  fs::path folder_;
};

TEST(Threads, AreTheSameForAPlanAndItsRun) {
  const int before = at::get_num_threads();
  at::set_num_threads(2);
  const RunConfig config =
      read_run_config(config::parse("model: {init: random, tokenizer: nowhere}\n"
                                    "data: {forget: {path: a}, retain: {path: b}}\ndeterminism: elastic\n"));
  const MemoryPlan plan{.model = models::make_decoder_model(model_shape(config, 50))};
  (void)plan_time(config, plan, {.speed = {.flops = 1, .bytes = 1}});
  EXPECT_EQ(at::get_num_threads(), 1);
  at::set_num_threads(before);
}

TEST_F(EngineFiles, ExportsTheBytesThatItReadAndTheTokenizerThatItUsed) {
  const fs::path from = mixed_model(), to = folder_ / "copy";
  fs::create_directory(folder_ / "tokenizer");
  base::write_file_atomically(folder_ / "tokenizer" / "tokenizer.json", "the one in use");
  const auto single = dist::make_single_group();
  const RunConfig config =
      config_of(fmt::format("path: {}, tokenizer: {}", from.string(), (folder_ / "tokenizer").string()));
  const Engine engine(config, *single, 50, {});
  engine.export_model(to);
  EXPECT_EQ(models::ModelFiles(to, engine.model.index).dtypes(),
            models::ModelFiles(from, engine.model.index).dtypes());
  EXPECT_EQ(base::read_file(to / "model.safetensors"), base::read_file(from / "model.safetensors"));
  EXPECT_EQ(base::read_file(to / "tokenizer.json"), "the one in use");
}

TEST_F(EngineFiles, ItsHashKnowsTheConfiguration) {
  const fs::path from = mixed_model();
  const auto single = dist::make_single_group();
  const RunConfig config = config_of(fmt::format("path: {}", from.string()));
  const Engine before(config, *single, 50, {});
  std::string text = base::read_file(from / "config.json");
  const std::string eps = "\"rms_norm_eps\": ";
  text.insert(text.find(eps) + eps.size(), "1");
  base::write_file_atomically(from / "config.json", text);
  const Engine after(config, *single, 50, {});
  EXPECT_NE(after.model_hash, before.model_hash);
  EXPECT_NE(after.content_hash(), before.content_hash());
  EXPECT_EQ(after.weights_hash, before.weights_hash);
}

}  // namespace
}  // namespace lethe::run
