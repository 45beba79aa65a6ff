#include "framework/training/checkpoint.h"
#include "framework/training/checkpoint_files.h"
#include "framework/training/checkpoint_writer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::training {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder() {
  const fs::path path = fs::path(::testing::TempDir()) / fmt::format("checkpoints_{}", ::getpid());
  fs::remove_all(path);
  return path;
}

void fill_moments(sharding::WeightStore& weights, optim::AdamW& optimizer) {
  for (int s = 0; s < static_cast<int>(weights.index().segments().size()); ++s) {
    const auto valid = static_cast<std::int64_t>(weights.layout().part(s, weights.grid().shard_rank()).valid);
    optimizer.first_moment(s).narrow(0, 0, valid).copy_(weights.master(s).narrow(0, 0, valid) * 2);
    optimizer.second_moment(s).narrow(0, 0, valid).copy_(weights.master(s).narrow(0, 0, valid).square());
  }
  optimizer.set_steps_done(7);
}

void save_on(const fs::path& folder, int world_size, std::int64_t step) {
  const auto model = lethe::testing::tiny_model();
  dist::run_simulated(world_size, [&](dist::ProcessGroup& world) {
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(3, 0, world_size), {});
    optim::AdamW optimizer({}, engine.weights);
    fill_moments(engine.weights, optimizer);
    CheckpointWriter writer(folder, 2, engine.weights, optimizer, world);
    (void)writer.begin(step, "same", "{}");
    (void)writer.finish();
  });
}

TEST(Checkpoint, LoadsOnAnyWorldWithTheSameBits) {
  const auto model = lethe::testing::tiny_model();
  for (const int from : {1, 3, 4}) {
    const fs::path folder = fresh_folder();
    save_on(folder, from, 7);
    for (const int to : {1, 2, 3, 8}) {
      dist::run_simulated(to, [&](dist::ProcessGroup& world) {
        lethe::testing::TinyEngine expected(model, world, sharding::grid_shape(3, 0, to), {}),
            loaded(model, world, sharding::grid_shape(3, 0, to), {});
        optim::AdamW expected_optimizer({}, expected.weights), optimizer({}, loaded.weights);
        fill_moments(expected.weights, expected_optimizer);
        loaded.weights.load(
            [](std::uint64_t, std::span<float> out) { std::fill(out.begin(), out.end(), 0.0f); });
        const auto info = find_checkpoint(folder, world);
        EXPECT_TRUE(info.has_value());
        load_checkpoint(*info, "same", loaded.weights, optimizer);
        EXPECT_EQ(optimizer.steps_done(), 7);
        for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) {
          EXPECT_TRUE(at::equal(loaded.weights.master(s), expected.weights.master(s)));
          EXPECT_TRUE(at::equal(optimizer.first_moment(s), expected_optimizer.first_moment(s)));
          EXPECT_TRUE(at::equal(optimizer.second_moment(s), expected_optimizer.second_moment(s)));
        }
      });
    }
  }
}

TEST(Checkpoint, HoldsTwoBytesForAMomentInBf16AndRefusesOtherMoments) {
  const fs::path folder = fresh_folder();
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {});
  optim::AdamW wide({}, engine.weights), narrow({.moments = "bfloat16"}, engine.weights);
  CheckpointWriter writer(folder, 2, engine.weights, narrow, *world);
  (void)writer.begin(1, "same", "{}");
  const auto saved = writer.finish();
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(saved->bytes, model.index.size() * (4 + 2 + 2));
  try {
    load_checkpoint(*find_checkpoint(folder, *world), "same", engine.weights, wide);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "ckpt.mismatch");
    EXPECT_EQ(e.message(), "train.optimizer.moments bfloat16 ≠ float32 (the checkpoint of step 1)");
  }
}

TEST(Checkpoint, ADamagedOneIsMovedAsideAndTheOneBeforeIsUsed) {
  const fs::path folder = fresh_folder();
  for (const std::int64_t step : {1, 2, 3}) save_on(folder, 2, step);
  EXPECT_FALSE(fs::exists(folder / "step-1")) << "two are kept";
  std::fstream(folder / "step-3" / "shard-00001.bin", std::ios::in | std::ios::out | std::ios::binary)
      .seekp(100)
      .put('x');
  const auto world = dist::make_single_group();
  EXPECT_EQ(find_checkpoint(folder, *world)->step, 2);
  EXPECT_TRUE(fs::exists(folder / "corrupt-step-3"));
}

// Changes the manifest of a step, and looks which checkpoint is found.
std::int64_t found_with(const fs::path& folder, std::int64_t step,
                        const std::function<void(nlohmann::ordered_json&)>& change) {
  const fs::path file = folder / fmt::format("step-{}", step) / "manifest.json";
  auto manifest = nlohmann::ordered_json::parse(base::read_file(file));
  change(manifest);
  std::ofstream(file) << manifest.dump(1);
  const auto world = dist::make_single_group();
  const auto found = find_checkpoint(folder, *world);
  return found ? found->step : -1;
}

TEST(Checkpoint, ADamagedManifestIsMovedAsideWhateverOfItIsWrong) {
  using Json = nlohmann::ordered_json;
  const auto add_one = [](Json& number) { number = number.get<std::int64_t>() + 1; };
  const auto damages = std::to_array<std::function<void(Json&)>>(
      {[&](Json& m) { add_one(m["optimizer_steps"]); },
       [&](Json& m) { add_one(m["shards"][1]["pieces"][0]["count"]); },
       [&](Json& m) { add_one(m["shards"][0]["pieces"][1]["offset"]); },
       [&](Json& m) { m["state"] = "{ }"; }});
  for (const auto& damage : damages) {
    const fs::path folder = fresh_folder();
    for (const std::int64_t step : {1, 2}) save_on(folder, 2, step);
    EXPECT_EQ(found_with(folder, 2, damage), 1);
    EXPECT_TRUE(fs::exists(folder / "corrupt-step-2"));
  }
}

TEST(Checkpoint, OfAnEarlierVersionIsFoundUnlessItsPiecesAreWrong) {
  using Json = nlohmann::ordered_json;
  const fs::path folder = fresh_folder();
  for (const std::int64_t step : {1, 2}) save_on(folder, 3, step);
  EXPECT_EQ(found_with(folder, 2, [](Json& m) { m.erase("hash"); }), 2);
  for (const char* number : {"first", "count", "offset"}) {
    save_on(folder, 3, 2);
    const auto damage = [&](Json& m) {
      m.erase("hash");
      Json& piece = m["shards"][0]["pieces"][0];
      piece[number] = piece[number].get<std::int64_t>() + 1;
    };
    EXPECT_EQ(found_with(folder, 2, damage), 1) << number;
  }
}

TEST(Checkpoint, TheBestIsKeptBesideTheNewest) {
  const fs::path folder = fresh_folder();
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {});
  optim::AdamW optimizer({}, engine.weights);
  CheckpointWriter writer(folder, 1, engine.weights, optimizer, *world);
  for (const std::int64_t step : {1, 2, 3, 4, 5}) {
    (void)writer.begin(step, "same", "{}");
    if (step == 2) writer.mark_best({.step = 2, .metric = "retain.probability", .value = 0.9});
    (void)writer.finish();
  }
  EXPECT_EQ(checkpoints_newest_first(folder), (std::vector<fs::path>{folder / "step-5", folder / "step-2"}));
  EXPECT_EQ(read_best(folder)->value, 0.9);
}

TEST(Checkpoint, WhatIsNoNumberIsNeverTheBest) {
  const BestCheckpoint half{.step = 2, .metric = "retain.probability", .value = 0.5};
  const BestCheckpoint nothing{.step = 2, .metric = "retain.probability", .value = NAN};
  for (const bool lower : {false, true}) {
    EXPECT_FALSE(is_better(NAN, std::nullopt, lower));
    EXPECT_FALSE(is_better(NAN, half, lower));
    EXPECT_FALSE(is_better(lower ? -INFINITY : INFINITY, half, lower));
    EXPECT_TRUE(is_better(0.1, std::nullopt, lower));
    EXPECT_TRUE(is_better(0.1, nothing, lower));
    EXPECT_EQ(is_better(0.6, half, lower), !lower);
    EXPECT_EQ(is_better(0.4, half, lower), lower);
    EXPECT_FALSE(is_better(0.5, half, lower)) << "the earlier of two equal ones stays";
  }
  const fs::path folder = fresh_folder();
  fs::create_directories(folder);
  write_best(folder, nothing);
  EXPECT_FALSE(read_best(folder)) << "as a run of an earlier version left it";
}

TEST(Checkpoint, AHalfWrittenOneIsNotThereAndIsRemoved) {
  const fs::path folder = fresh_folder();
  save_on(folder, 1, 4);
  fs::create_directories(folder / "writing-6");
  std::ofstream(folder / "writing-6" / "shard-00000.bin") << "half";
  const auto world = dist::make_single_group();
  EXPECT_EQ(find_checkpoint(folder, *world)->step, 4);
  save_on(folder, 1, 7);
  EXPECT_FALSE(fs::exists(folder / "writing-6"));
}

TEST(Checkpoint, AFailedWriteShowsOnItsRankAndOnRankZero) {
  const fs::path folder = fresh_folder(), blocked = folder / "blocked";
  // Rank 2 sees a folder in which something stands in its shard's place; what it says of it reaches the
  // others.
  fs::create_directories(blocked / "writing-1" / "shard-00002.bin");
  fs::create_symlink(folder / "writing-1" / "shard-00002.bin.failed",
                     blocked / "writing-1" / "shard-00002.bin.failed");
  const auto model = lethe::testing::tiny_model();
  std::mutex mutex;
  std::map<int, std::string> messages;
  dist::run_simulated(3, [&](dist::ProcessGroup& world) {
    lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(3, 0, 3), {});
    optim::AdamW optimizer({}, engine.weights);
    CheckpointWriter writer(world.rank() == 2 ? blocked : folder, 1, engine.weights, optimizer, world);
    try {
      (void)writer.begin(1, "same", "{}");
      writer.mark_best({.step = 1, .metric = "retain.probability", .value = 0.9});
      (void)writer.finish();
    } catch (const std::exception& e) {
      {
        const std::lock_guard lock(mutex);
        messages[world.rank()] = e.what();
      }
      world.barrier();  // where finish() would have met the others
    }
  });
  EXPECT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].find("another rank could not write") != std::string::npos) << messages[0];
  EXPECT_TRUE(messages[2].find("shard-00002.bin") != std::string::npos) << messages[2];
  EXPECT_FALSE(fs::exists(folder / "step-1"));
  EXPECT_FALSE(fs::exists(folder / "best.json")) << "a checkpoint that is not there is not the best";
}

TEST(Checkpoint, OfAnotherRunIsRefused) {
  const auto model = lethe::testing::tiny_model();
  const fs::path folder = fresh_folder();
  save_on(folder, 1, 1);
  const auto world = dist::make_single_group();
  lethe::testing::TinyEngine engine(model, *world, {}, {});
  optim::AdamW optimizer({}, engine.weights);
  const auto info = find_checkpoint(folder, *world);
  try {
    load_checkpoint(*info, "other", engine.weights, optimizer);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "ckpt.mismatch");
    EXPECT_EQ(e.exit_code(), 78);
  }
}

}  // namespace
}  // namespace lethe::training
