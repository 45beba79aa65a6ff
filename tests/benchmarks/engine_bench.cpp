// What one GPU makes of the engine: an NPO update of SmolLM2-135M's shape and of a Llama-shaped 7B (random
// weights, bf16), in real tokens/s and as model FLOP utilisation of the data sheet's and of a measured matmul
// peak; samples of TOFU's length packed against the same tokens in long documents; jets. Prints Markdown.
// Exits with 77 without a GPU.
//
// --cpu runs a small shape on the CPU: it shows that this program works, not how fast anything is.
#include <ATen/ATen.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/dist/device.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "framework/run/gpu.h"
#include "framework/sharding/device_stream.h"
#include "framework/training/flops.h"
#include "framework/training/train_step.h"
#include "framework/walk/jet_walk.h"

namespace {

using namespace lethe;  // NOLINT: a program of its own

constexpr int kNoGpu = 77, kWarmUps = 2, kTries = 5;

struct Shape {
  const char* name;
  models::HfConfig config;
  bool recompute;
};
Shape smollm2() {
  return {"SmolLM2-135M",
          {.vocab_size = 49152,
           .hidden_size = 576,
           .intermediate_size = 1536,
           .num_layers = 30,
           .num_heads = 9,
           .num_kv_heads = 3,
           .head_dim = 64,
           .max_positions = 8192,
           .tie_word_embeddings = true},
          false};
}
Shape llama_7b() {
  return {"Llama-shaped 7B",
          {.vocab_size = 32000,
           .hidden_size = 4096,
           .intermediate_size = 11008,
           .num_layers = 32,
           .num_heads = 32,
           .num_kv_heads = 32,
           .head_dim = 128,
           .max_positions = 8192},
          true};
}
Shape tiny() {
  return {"tiny",
          {.vocab_size = 512,
           .hidden_size = 64,
           .intermediate_size = 128,
           .num_layers = 2,
           .num_heads = 4,
           .num_kv_heads = 2,
           .head_dim = 16,
           .max_positions = 8192},
          false};
}

// bf16 FLOP/s of dense products by the maker's data sheet; 0: not known here.
double data_sheet_peak(const std::string& gpu) {
  const std::map<std::string, double> peaks = {{"H100 PCIe", 756e12}, {"H100 NVL", 835e12},
                                               {"H100", 989e12},      {"H200", 989e12},
                                               {"A100", 312e12},      {"B200", 2250e12}};
  double found = 0;
  std::size_t longest = 0;
  for (const auto& [name, peak] : peaks)
    if (gpu.find(name) != std::string::npos && name.size() > longest) found = peak, longest = name.size();
  return found;
}

// `documents` of `length` tokens, half of them to forget, all but four tokens scored.
struct Samples {
  Samples(std::int64_t documents, std::int64_t length, std::int64_t vocab) {
    for (std::int64_t d = 0; d < documents; ++d) {
      std::vector<std::int32_t>& ids = texts.emplace_back();
      for (std::int64_t t = 0; t < length; ++t)
        ids.push_back(static_cast<std::int32_t>((d * 7919 + t * 104729 + t * t * 31) % vocab));
    }
    for (std::int64_t d = 0; d < documents; ++d)
      data.documents[d % 2].push_back({.ids = texts[static_cast<std::size_t>(d)], .prompt_tokens = 4});
    data.vocab_size = vocab;
    reference = inference::empty_log_probs(data.of(objectives::Role::forget));
    for (double& value : reference.values) value = -8;
    data.references[0] = &reference;
  }
  std::vector<std::vector<std::int32_t>> texts;
  inference::TokenLogProbs reference;
  training::TrainingData data;
};

class Engine {
 public:
  Engine(const Shape& shape, at::ScalarType compute, at::Device device)
      : shape_(shape),
        model_(models::make_decoder_model(shape.config)),
        grid_(*world_, {}, {.device = device}),
        weights_(model_.index, grid_, {.compute = compute}),
        walk_(model_, weights_,
              {.recompute = shape.recompute ? walk::Recompute::full : walk::Recompute::none}) {
    for (int s = 0; s < static_cast<int>(model_.index.segments().size()); ++s)
      weights_.master(s).normal_(0, 0.02);
    weights_.weights_changed();
  }

  struct Measured {
    double seconds = 0, flops = 0;
    std::int64_t tokens = 0;
    bool updates = false;
  };
  // The median of kTries updates. Without the optimizer where its state does not fit.
  Measured update(const Samples& samples) {
    config::Section root = config::parse("objective: npo");
    std::string name;
    const auto objective = objectives::make_objective(root, name);
    std::vector<std::int64_t> forget, retain;
    for (std::size_t i = 0; i < samples.data.documents[0].size(); ++i)
      forget.push_back(static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < samples.data.documents[1].size(); ++i)
      retain.push_back(static_cast<std::int64_t>(i));
    const auto items =
        training::batch_items(samples.data, objective->needs(), {.forget = forget, .retain = retain});
    make_optimizer();
    if (!gradients_) gradients_ = std::make_unique<sharding::GradientStore>(model_.index, grid_, at::kFloat);
    Measured measured{
        .flops = training::update_flops(model_, *gradients_, objective->needs(), samples.data, items),
        .updates = optimizer_ != nullptr};
    measured.seconds = median_seconds([&] {
      const auto result = training::compute_gradient(walk_, *gradients_, *objective, samples.data, items,
                                                     {.micro_batch = 1 << 20}, *world_);
      LETHE_CHECK(std::isfinite(result.loss), "the loss is {}", result.loss);
      measured.tokens = result.real_tokens;
      const double norm = optim::global_norm(*gradients_);
      if (optimizer_) optimizer_->step(*gradients_, 1e-6, optim::clip_factor(norm, 1.0));
    });
    return measured;
  }

  // Seconds of a pass of jets with two directions over these samples.
  double jets(const Samples& samples) {
    walk::JetWalk jets(model_, weights_);
    const data::Pack pack = data::make_pack(samples.data.of(objectives::Role::forget));
    const walk::JetRequest request{{.key = {.seed = 1, .stream = base::Stream::rademacher}, .count = 2},
                                   std::vector<bool>(model_.index.parameters().size(), true)};
    return median_seconds([&] { (void)jets.forward(pack, request).second.sum().item<double>(); });
  }

 private:
  void make_optimizer() {
    if (optimizer_ || no_optimizer_) return;
    try {
      optimizer_ = std::make_unique<optim::AdamW>(optim::AdamWOptions{}, weights_);
      gradients_ = std::make_unique<sharding::GradientStore>(model_.index, grid_, at::kFloat);
    } catch (const c10::OutOfMemoryError&) {
      optimizer_.reset();
      no_optimizer_ = true;
    }
  }
  // Everything ends with a number on the host, so the device is done when the clock stops.
  static double median_seconds(const std::function<void()>& work) {
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUps + kTries; ++i) {
      const auto start = std::chrono::steady_clock::now();
      work();
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    seconds.erase(seconds.begin(), seconds.begin() + kWarmUps);
    std::ranges::sort(seconds);
    return seconds[kTries / 2];
  }

  const Shape shape_;
  std::unique_ptr<dist::ProcessGroup> world_ = dist::make_single_group();
  models::DecoderModel model_;
  sharding::Grid grid_;
  sharding::WeightStore weights_;
  walk::BlockWalk walk_;
  std::unique_ptr<optim::AdamW> optimizer_;
  std::unique_ptr<sharding::GradientStore> gradients_;
  bool no_optimizer_ = false;
};

void print_updates(const std::vector<Shape>& shapes, at::Device device, double sheet, std::int64_t tokens) {
  const auto world = dist::make_single_group();
  const double peak = training::matmul_peak(at::TensorOptions(at::kBFloat16).device(device), *world);
  std::printf("bf16 products: %.0f TFLOP/s measured, %.0f by the data sheet (0: unknown to this program)\n\n",
              peak / 1e12, sheet / 1e12);
  std::printf(
      "| model | documents | tokens/s | MFU of the sheet, %% | MFU of the measured peak, %% | update |\n"
      "|---|---|--:|--:|--:|---|\n");
  for (const Shape& shape : shapes) {
    Engine engine(shape, at::kBFloat16, device);
    for (const std::int64_t length : {std::int64_t{64}, std::int64_t{2048}}) {
      const Samples samples(2 * tokens / length, length, shape.config.vocab_size);
      const auto m = engine.update(samples);
      const double rate = m.flops / m.seconds;
      std::printf("| %s | %lld of %lld | %.0f | %.1f | %.1f | %s |\n", shape.name,
                  static_cast<long long>(2 * tokens / length), static_cast<long long>(length),
                  static_cast<double>(m.tokens) / m.seconds, sheet > 0 ? 100 * rate / sheet : 0.0,
                  100 * rate / peak,
                  m.updates ? "gradient and AdamW" : "gradient only: the moments do not fit");
      std::fflush(stdout);
    }
  }
}

void print_jets(const Shape& shape, at::Device device) {
  Engine engine(shape, at::kFloat, device);
  const Samples samples(64, 64, shape.config.vocab_size);
  std::printf("\nJets (MRD), %s, float32, 32 documents of 64 tokens, two directions in a pass: %.1f ms\n",
              shape.name, 1e3 * engine.jets(samples));
}

int measure(bool on_cpu, const std::string& gpu_name) {
  if (on_cpu) {
    print_updates({tiny()}, at::kCPU, 0, 2048);
    print_jets(tiny(), at::kCPU);
    return 0;
  }
  const dist::DeviceProbe probe = dist::probe_devices();
  const std::string problem = probe.count == 0 ? "no GPU: " + probe.problem : run::load_gpu_support();
  if (!problem.empty()) {
    std::printf("needs a GPU (%s)\n", problem.c_str());
    return kNoGpu;
  }
  const at::Device device = run::gpu(0);
  sharding::compute_on(device);
  print_updates({smollm2(), llama_7b()}, device, data_sheet_peak(gpu_name), 8192);
  print_jets(smollm2(), device);
  return 0;
}

}  // namespace

// engine_bench [--cpu] [the GPU's name as nvidia-smi gives it]
int main(int argc, char** argv) {
  const bool on_cpu = argc > 1 && std::strcmp(argv[1], "--cpu") == 0;
  try {
    return measure(on_cpu, argc > 1 ? argv[1] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 70;
  }
}
