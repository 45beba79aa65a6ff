// One case of bad input, as a file of tests/badinput/cases/ describes it. The folder that a command runs in
// begins with `base.yaml` (a run of one step on what lies beside it), `model/` (a tiny random model),
// `forget.jsonl`, `retain.jsonl` and `configs` (the project's); a case says what is different.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lethe::badinput {

struct Case {
  std::string name;                // the file's stem
  std::vector<std::string> first;  // commands that must succeed, before `files` are made
  YAML::Node files;                // what to make or to change: see make_files
  std::string command;             // arguments of lethe
  // Instead of a command, for what takes several ranks: mpirun's parts, "-n 1 {} train a.yaml", {} the
  // program.
  std::vector<std::string> ranks;
  std::map<std::string, std::string> env;  // for the command
  bool as_nobody = false;                  // as a user who is not root: for permissions
  std::string locked;                      // a file that another process holds a lock on
  std::string disk;                        // size of the file system that `small/` is ("256k")
  int exit = 0;
  std::string error;                // the key: exactly one `error[key]` is printed; empty: none
  std::vector<std::string> says;    // texts of the output
  std::vector<std::string> silent;  // texts that the output must not hold
  // What must be as before: everything that is there, less these, which the command may make or change.
  std::vector<std::string> makes;
  double seconds = 20;  // at most; far above what it takes, below a hang
};

// Errors: std::runtime_error naming the file, on an unknown key too.
[[nodiscard]] Case read_case(const std::filesystem::path& file);

// Makes the files of a case in `folder`, in order. A value is the file's text, or a mapping of one step:
//   {text: …, times: N}        N copies of the text
//   {hex: "ff fe"}             bytes
//   {copy: path}               of the folder itself
//   {safetensors: header, data: N}      a tensor file of that header and N zero bytes
//   {replace: {old: new, …}}   in the file that is there; `old` must occur
//   {json: {…}}                merged into the JSON file that is there; null removes a key
//   {keep: N}                  the first N bytes only, or all but the last -N
//   {flip: N}                  the byte at N inverted (from the end where negative)
//   {mode: "000"}, {link: target}, {folder: true}, {remove: true}
void make_files(const Case& c, const std::filesystem::path& folder);

// Path to hash of every file (kind of everything else) below `folder`, for comparing before with after.
[[nodiscard]] std::map<std::string, std::string> contents_of(const std::filesystem::path& folder);

}  // namespace lethe::badinput
