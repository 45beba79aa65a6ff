// The result index: one SQLite file that anyone may query. It is filled from the tasks' results and the runs'
// records and can be deleted and made again; nothing is decided from it.
//
//   cells(number, cell, title, state, error)      columns(position, name, is_repeat)
//   choices(number, name, value)                  cell_tasks(number, position, task)
//   tasks(task, stage, command, state, exit_code, attempt, seconds, error, folder)
//   metrics(task, position, tag, step, sample_set, metric, value)
//   view final_metrics(number, sample_set, metric, value): of each cell that is done, the last
//   measurement of its last stage that evaluated, from its last training on and after it
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/campaign/schedule.h"

struct sqlite3;

namespace lethe::campaign {

class Index {
 public:
  // ":memory:" is no file: an index for one look. Errors: campaign.index (not a database, disk full, …).
  explicit Index(const std::filesystem::path& file);

  // The cells of this plan; those of an earlier one go, what is known of tasks stays.
  void write_plan(const Plan& plan, const CampaignPaths& paths);
  void write_states(const Schedule& schedule);
  // The evaluations of a finished task's records; reads them where they are not those of the last time.
  void keep_metrics(const std::string& task, const std::filesystem::path& run);
  // Of a task that is not done, or done no more.
  void drop_metrics(const std::string& task);

  // Rows of text; SQL NULL is an empty optional.
  using Row = std::vector<std::optional<std::string>>;
  [[nodiscard]] std::vector<Row> query(const std::string& sql,
                                       const std::vector<std::string>& values = {}) const;

 private:
  class Transaction;
  void run(const std::string& sql, const std::vector<std::string>& values = {}) const;
  void add_cell(const PlannedCell& cell);
  void write_metrics(const std::string& task, const std::filesystem::path& records, const std::string& stamp);

  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::map<std::string, std::string> stamps_;  // task -> the records that its metrics were read from
};

}  // namespace lethe::campaign
