// Where a run came from: the command, the code, the inputs. What someone needs to repeat it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/records/fields.h"

namespace lethe::records {

struct RunRecord {
  static constexpr std::string_view kKind = "run";
  std::string name;     // what reports call this run; empty means the folder's name
  std::string command;  // the subcommand: train, score, eval, …
  std::vector<std::string> arguments;
  std::string config_path;
  std::string config_yaml;         // the effective configuration, every default written out
  std::string objective, sampler;  // the words of the YAML
  std::string purpose;             // of a training: unlearning, finetuning, retraining (data.exclude: forget)
  std::map<std::string, std::string> method;    // of a training: what its objective says of itself
  std::map<std::string, std::string> versions;  // lethe, libtorch, mpi, nccl, compiler, …
  std::string git_commit;  // empty when built outside a repository; "-dirty" at the end when it was changed
  std::map<std::string, std::string> hashes;  // config, model, tokenizer, template, forget, retain, …
  std::int64_t world_size = 1;
  std::vector<std::string> hosts;  // one for each rank, in rank order
  std::string device;              // "cpu", "NVIDIA H100 80GB HBM3", …
  std::string compute_dtype;
  std::string determinism;  // fast, reproducible, elastic
  std::uint64_t seed = 0;
  std::string started;                  // UTC
  std::int64_t resumed_from_step = -1;  // -1: from the beginning
};

template <class V, OneOf<RunRecord> R>
void describe(V& visit, R& r) {
  visit("name", r.name);
  visit("command", r.command);
  visit("arguments", r.arguments);
  visit("config_path", r.config_path);
  visit("config_yaml", r.config_yaml);
  visit("objective", r.objective);
  visit("sampler", r.sampler);
  visit("purpose", r.purpose);
  visit("method", r.method);
  visit("versions", r.versions);
  visit("git_commit", r.git_commit);
  visit("hashes", r.hashes);
  visit("world_size", r.world_size);
  visit("hosts", r.hosts);
  visit("device", r.device);
  visit("compute_dtype", r.compute_dtype);
  visit("determinism", r.determinism);
  visit("seed", r.seed);
  visit("started", r.started);
  visit("resumed_from_step", r.resumed_from_step);
}

struct ModelRecord {
  static constexpr std::string_view kKind = "model";
  std::string role;  // policy, reference, exported
  std::string path, family, hash, tokenizer_hash;
  std::int64_t num_parameters = 0, num_layers = 0, hidden_size = 0, vocab_size = 0;
  std::string stored_dtype;  // of the weight files
  bool tied_embeddings = false;
};

template <class V, OneOf<ModelRecord> R>
void describe(V& visit, R& r) {
  visit("role", r.role);
  visit("path", r.path);
  visit("family", r.family);
  visit("hash", r.hash);
  visit("tokenizer_hash", r.tokenizer_hash);
  visit("num_parameters", r.num_parameters);
  visit("num_layers", r.num_layers);
  visit("hidden_size", r.hidden_size);
  visit("vocab_size", r.vocab_size);
  visit("stored_dtype", r.stored_dtype);
  visit("tied_embeddings", r.tied_embeddings);
}

struct DataRecord {
  static constexpr std::string_view kKind = "data";
  std::string set;  // forget, retain, general, …
  std::string path, hash, template_hash;
  std::int64_t num_samples = 0, num_tokens = 0, num_target_tokens = 0, longest_tokens = 0, num_dropped = 0;
  std::string selection,
      selection_hash;  // "hard by mrd, 20 of 40", and of the ids; empty where all samples are used
  std::vector<std::string> selected_ids;  // in file order
  std::vector<std::string> forget_ids;    // all of a set that is to be forgotten: what a purge looks for
};

template <class V, OneOf<DataRecord> R>
void describe(V& visit, R& r) {
  visit("set", r.set);
  visit("path", r.path);
  visit("hash", r.hash);
  visit("template_hash", r.template_hash);
  visit("num_samples", r.num_samples);
  visit("num_tokens", r.num_tokens);
  visit("num_target_tokens", r.num_target_tokens);
  visit("longest_tokens", r.longest_tokens);
  visit("num_dropped", r.num_dropped);
  visit("selection", r.selection);
  visit("selection_hash", r.selection_hash);
  visit("selected_ids", r.selected_ids);
  visit("forget_ids", r.forget_ids);
}

}  // namespace lethe::records
