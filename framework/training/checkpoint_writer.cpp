#include "framework/training/checkpoint_writer.h"

#include <ATen/ATen.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/memory_counter.h"
#include "framework/base/trace.h"
#include "framework/sharding/host_buffer.h"

namespace lethe::training {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

fs::path entry_path(const fs::path& aside, int shard_rank) {
  return aside / (shard_name(shard_rank) + ".json");
}
fs::path failure_path(const fs::path& aside, int shard_rank) {
  return aside / (shard_name(shard_rank) + ".failed");
}

void remove_half_written(const fs::path& checkpoints) {
  if (!fs::is_directory(checkpoints)) return;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(checkpoints))
    if (entry.path().filename().string().starts_with("writing-")) stale.push_back(entry.path());
  for (const fs::path& folder : stale) fs::remove_all(folder);
}

}  // namespace

CheckpointWriter::CheckpointWriter(fs::path checkpoints, std::int64_t keep_last,
                                   sharding::WeightStore& weights, optim::AdamW& optimizer,
                                   dist::ProcessGroup& world)
    : checkpoints_(std::move(checkpoints)),
      keep_last_(keep_last),
      weights_(weights),
      optimizer_(optimizer),
      world_(world) {
  if (world_.rank() == 0) remove_half_written(checkpoints_);
  world_.barrier();  // before any rank writes again
}

CheckpointWriter::~CheckpointWriter() {
  {
    const std::lock_guard lock(mutex_);
    give_up_ = true;
  }
  wake_.notify_all();
  join();
}

void CheckpointWriter::join() {
  if (thread_.joinable()) thread_.join();
}

// Only one replica writes: the ranks of the first shard group hold everything between them.
void CheckpointWriter::copy_states() {
  const base::MemoryScope memory(base::Memory::checkpoint);
  const base::TraceSpan span(base::Track::compute, "copy for checkpoint");
  const int segments = static_cast<int>(weights_.index().segments().size());
  copies_.resize(static_cast<std::size_t>(segments));
  for (int s = 0; s < segments; ++s) {
    const sharding::ShardPart part = weights_.layout().part(s, weights_.grid().shard_rank());
    Copy& copy = copies_[static_cast<std::size_t>(s)];
    copy.first = part.first, copy.count = part.valid;
    copy.states.resize(3);
    std::size_t number = 0;
    for (const at::Tensor* state :
         {&weights_.master(s), &optimizer_.first_moment(s), &optimizer_.second_moment(s)}) {
      at::Tensor& kept = copy.states[number++];
      if (!kept.defined())  // once: later saves copy into the same pages
        kept = sharding::host_buffer(weights_.grid().placement(), state->sizes(), state->scalar_type());
      kept.copy_(*state);
    }
  }
}

std::optional<CheckpointInfo> CheckpointWriter::begin(std::int64_t step, const std::string& identity,
                                                      const std::string& state) {
  join();
  std::optional<CheckpointInfo> before = ended();
  Job job{.info = {.step = step,
                   .identity = identity,
                   .state = state,
                   .folder = checkpoints_ / fmt::format("step-{}", step)},
          .aside = checkpoints_ / fmt::format("writing-{}", step),
          .optimizer_steps = optimizer_.steps_done()};
  if (world_.rank() == 0) {
    fs::remove_all(job.aside);
    fs::create_directories(job.aside);
  }
  world_.barrier();  // the folder is there, and the save before it is complete
  last_step_ = step;
  if (world_.rank() >= weights_.grid().shard_size()) return before;
  copy_states();
  done_ = false;
  thread_ = std::thread([this, job = std::move(job)] { work(job); });
  return before;
}

void CheckpointWriter::work(Job job) {
  const auto start = Clock::now();
  const base::TraceSpan span(base::Track::save, "checkpoint", job.info.folder.filename().string());
  std::optional<CheckpointInfo> result;
  std::exception_ptr failure;
  const int rank = weights_.grid().shard_rank();
  try {
    // The entry is written after its shard is on disk, and appears at once: it says that the shard is there.
    base::write_file_atomically(entry_path(job.aside, rank), write_shard(job.aside));
    if (world_.rank() == 0) {
      result = publish(job);
      result->seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
  } catch (...) {
    failure = std::current_exception();
    std::ofstream(failure_path(job.aside, rank)) << "this rank could not write its shard\n";
  }
  const std::lock_guard lock(mutex_);
  try {
    if (best_to_come_ && !failure) write_best(checkpoints_, *best_to_come_);
  } catch (...) {
    failure = std::current_exception();
  }
  best_to_come_.reset();
  done_ = true;
  result_ = std::move(result);
  failure_ = failure;
  wake_.notify_all();
}

std::string CheckpointWriter::write_shard(const fs::path& folder) const {
  const std::string name = shard_name(weights_.grid().shard_rank());
  std::ofstream file(folder / name, std::ios::binary);
  base::Hasher hasher;
  Json pieces = Json::array();
  std::uint64_t offset = 0;
  for (const Copy& copy : copies_) {
    const std::uint64_t states = copy.states[1].numel() > 0 ? 3 : 1;  // frozen segments have no moments
    pieces.push_back({{"first", copy.first}, {"count", copy.count}, {"offset", offset}, {"states", states}});
    for (std::uint64_t state = 0; state < states; ++state) {
      const at::Tensor& values = copy.states[state];
      const std::span bytes(static_cast<const std::byte*>(values.const_data_ptr()),
                            copy.count * values.element_size());
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      if (!file) base::fail_write(folder / name, errno);
      hasher.add(bytes);
      offset += bytes.size();
    }
  }
  file.close();
  if (!file) base::fail_write(folder / name, errno);
  base::fsync_path(folder / name);
  return Json{{"file", name}, {"hash", hasher.hex()}, {"bytes", offset}, {"pieces", pieces}}.dump();
}

// False where this writer is given up meanwhile.
bool CheckpointWriter::wait_for(const fs::path& entry, const fs::path& failure) {
  std::unique_lock lock(mutex_);
  while (!fs::exists(entry)) {
    if (fs::exists(failure))
      fail("io.write", fmt::format("another rank could not write {}", entry.stem().string()),
           "see that rank's message");
    if (give_up_) return false;
    wake_.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

CheckpointInfo CheckpointWriter::publish(const Job& job) {
  CheckpointInfo info = job.info;
  Json shards = Json::array();
  for (int rank = 0; rank < weights_.grid().shard_size(); ++rank) {
    if (!wait_for(entry_path(job.aside, rank), failure_path(job.aside, rank)))
      fail("stopped", fmt::format("the save of step {} was given up", job.info.step));
    shards.push_back(Json::parse(base::read_file(entry_path(job.aside, rank))));
    info.bytes += shards.back()["bytes"].get<std::uint64_t>();
  }
  for (int rank = 0; rank < weights_.grid().shard_size(); ++rank) fs::remove(entry_path(job.aside, rank));
  Json manifest = {{"schema", kCheckpointSchema},
                   {"step", info.step},
                   {"optimizer_steps", job.optimizer_steps},
                   {"moments", optimizer_.options().moments},
                   {"identity", info.identity},
                   {"state", info.state},
                   {"shards", shards}};
  manifest["hash"] = manifest_hash(manifest);
  base::write_file_atomically(job.aside / "manifest.json", manifest.dump(1));
  fs::remove_all(info.folder);
  base::publish_folder(job.aside, info.folder);
  remove_old_checkpoints(checkpoints_, keep_last_);
  return info;
}

std::optional<CheckpointInfo> CheckpointWriter::ended() {
  const std::lock_guard lock(mutex_);
  if (!done_) return std::nullopt;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return std::exchange(result_, std::nullopt);
}

std::optional<CheckpointInfo> CheckpointWriter::finish() {
  join();
  std::optional<CheckpointInfo> info = ended();
  world_.barrier();  // rank 0 has published: a rank that ends now leaves a complete checkpoint
  return info;
}

void CheckpointWriter::mark_best(const BestCheckpoint& best) {
  if (world_.rank() != 0) return;
  const std::lock_guard lock(mutex_);
  if (!done_)
    best_to_come_ = best;
  else if (!failure_)
    write_best(checkpoints_, best);
}

std::size_t CheckpointWriter::bytes() const noexcept {
  std::size_t total = 0;
  for (const Copy& copy : copies_)
    for (const at::Tensor& state : copy.states) total += state.nbytes();
  return total;
}

}  // namespace lethe::training
