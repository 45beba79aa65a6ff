#include "framework/campaign/index.h"

#include <sqlite3.h>

#include <utility>

#include "framework/base/error.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::campaign {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE IF NOT EXISTS columns(position INTEGER PRIMARY KEY, name TEXT, is_repeat INTEGER);
CREATE TABLE IF NOT EXISTS cells(cell TEXT, number INTEGER PRIMARY KEY, title TEXT, state TEXT, error TEXT);
CREATE TABLE IF NOT EXISTS choices(number INTEGER, name TEXT, value TEXT, PRIMARY KEY(number, name));
CREATE TABLE IF NOT EXISTS cell_tasks(number INTEGER, position INTEGER, task TEXT, PRIMARY KEY(number, position));
CREATE TABLE IF NOT EXISTS tasks(task TEXT PRIMARY KEY, stage TEXT, command TEXT, state TEXT, exit_code INTEGER,
                                 attempt INTEGER, seconds REAL, error TEXT, folder TEXT);
CREATE TABLE IF NOT EXISTS metrics(task TEXT, position INTEGER, tag TEXT, step INTEGER, sample_set TEXT,
                                   metric TEXT, value REAL, PRIMARY KEY(task, position, metric));
CREATE TABLE IF NOT EXISTS sources(task TEXT PRIMARY KEY, stamp TEXT);
DROP VIEW IF EXISTS final_metrics;
CREATE VIEW final_metrics AS
  WITH trained AS  -- the last training of each cell: what came before it is another model
    (SELECT t.number, MAX(t.position) AS position FROM cell_tasks t JOIN tasks k ON k.task = t.task
     WHERE k.command = 'train' GROUP BY t.number),
  measured AS  -- its last task that evaluated
    (SELECT t.number, MAX(t.position) AS position
     FROM cell_tasks t JOIN cells c ON c.number = t.number LEFT JOIN trained r ON r.number = t.number
     WHERE c.state = 'done' AND t.position >= COALESCE(r.position, -1)
       AND EXISTS (SELECT 1 FROM metrics m WHERE m.task = t.task) GROUP BY t.number)
  SELECT number, sample_set, metric, value FROM
    (SELECT t.number, m.sample_set, m.metric, m.value,
            ROW_NUMBER() OVER (PARTITION BY t.number, m.sample_set, m.metric ORDER BY m.position DESC) AS age
     FROM measured d JOIN cell_tasks t ON t.number = d.number AND t.position = d.position
       JOIN tasks k ON k.task = t.task JOIN metrics m ON m.task = t.task
     WHERE NOT (k.command = 'train' AND m.tag = 'before'))
  WHERE age = 1;
)";

[[noreturn]] void refuse(sqlite3* database, const std::string& what) {
  fail("campaign.index", fmt::format("{}: {}", what, database ? sqlite3_errmsg(database) : "no memory"),
       "the index can be removed: it is made again from the runs");
}

class Statement {
 public:
  Statement(sqlite3* database, const std::string& sql, const std::vector<std::string>& values)
      : database_(database) {
    if (sqlite3_prepare_v2(database, sql.c_str(), -1, &handle_, nullptr) != SQLITE_OK) refuse(database, sql);
    for (std::size_t i = 0; i < values.size(); ++i)
      sqlite3_bind_text(handle_, static_cast<int>(i) + 1, values[i].c_str(), -1, SQLITE_TRANSIENT);
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  bool step() {
    const int code = sqlite3_step(handle_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) refuse(database_, "writing the index");
    return code == SQLITE_ROW;
  }
  Index::Row row() const {
    Index::Row row;
    for (int i = 0; i < sqlite3_column_count(handle_); ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, i));
      row.push_back(text ? std::optional<std::string>(text) : std::nullopt);
    }
    return row;
  }

 private:
  sqlite3* database_;
  sqlite3_stmt* handle_ = nullptr;
};

void run_script(sqlite3* database, const char* sql) {
  if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) refuse(database, "the index");
}

// All digits: the text reads back as the same double.
std::string exact(double value) { return fmt::format("{:.17g}", value); }

// Of a file's contents, without reading them.
std::string stamp_of(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return "none";
  return fmt::format("{} bytes at {}", size,
                     std::filesystem::last_write_time(file, error).time_since_epoch().count());
}

}  // namespace

// Committed at the end of its life, unless an exception ends it.
class Index::Transaction {
 public:
  explicit Transaction(const Index& index) : index_(index) { index_.run("BEGIN IMMEDIATE"); }
  ~Transaction() {
    if (!is_committed_) sqlite3_exec(index_.database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    index_.run("COMMIT");
    is_committed_ = true;
  }

 private:
  const Index& index_;
  bool is_committed_ = false;
};

void Index::Close::operator()(sqlite3* database) const { sqlite3_close(database); }

Index::Index(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open(file.c_str(), &database);
  database_.reset(database);
  if (code != SQLITE_OK) refuse(database, file.string());
  sqlite3_busy_timeout(database, 10'000);  // readers of other processes
  // What a power loss takes is read again from the runs.
  run_script(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  run_script(database, kTables);
  for (const Row& row : query("SELECT task, stamp FROM sources"))
    stamps_[row[0].value()] = row[1].value_or("");
}

void Index::run(const std::string& sql, const std::vector<std::string>& values) const {
  Statement statement(database_.get(), sql, values);
  while (statement.step()) {
  }
}

std::vector<Index::Row> Index::query(const std::string& sql, const std::vector<std::string>& values) const {
  Statement statement(database_.get(), sql, values);
  std::vector<Row> rows;
  while (statement.step()) rows.push_back(statement.row());
  return rows;
}

void Index::add_cell(const PlannedCell& cell) {
  const std::string number = std::to_string(cell.cell.number);
  run("INSERT INTO cells VALUES (?, ?, ?, ?, ?)",
      {cell.key, number, cell.cell.title(), cell.error.empty() ? "waiting" : "invalid", cell.error});
  for (const Choice& choice : cell.cell.choices)
    run("INSERT OR REPLACE INTO choices VALUES (?, ?, ?)", {number, choice.key, choice.label});
  for (std::size_t i = 0; i < cell.tasks.size(); ++i)
    run("INSERT INTO cell_tasks VALUES (?, ?, ?)", {number, std::to_string(i), cell.tasks[i]});
}

void Index::write_plan(const Plan& plan, const CampaignPaths& paths) {
  Transaction transaction(*this);
  for (const char* table : {"columns", "cells", "choices", "cell_tasks"})
    run(fmt::format("DELETE FROM {}", table));
  for (std::size_t i = 0; i < plan.columns.size(); ++i)
    run("INSERT INTO columns VALUES (?, ?, ?)",
        {std::to_string(i), plan.columns[i].key, plan.columns[i].is_repeat ? "1" : "0"});
  for (const PlannedCell& cell : plan.cells) add_cell(cell);
  for (const Task& task : plan.tasks)
    run("INSERT INTO tasks(task, stage, command, state, folder) VALUES (?, ?, ?, 'waiting', ?) "
        "ON CONFLICT(task) DO UPDATE SET folder = excluded.folder",
        {task.key, task.stage, task.command, paths.run(task.key).string()});
  transaction.commit();
}

void Index::write_states(const Schedule& schedule) {
  Transaction transaction(*this);
  for (const Task& task : schedule.plan().tasks) {
    const TaskResult& result = schedule.result(task.key);
    run("UPDATE tasks SET state = ?, exit_code = ?, attempt = ?, seconds = ?, error = ? WHERE task = ?",
        {std::string(name_of(schedule.state(task.key))), std::to_string(result.exit_code),
         std::to_string(result.attempt), exact(result.seconds), result.error, task.key});
  }
  for (const PlannedCell& cell : schedule.plan().cells) {
    std::string error = cell.error;
    for (const std::string& task : cell.tasks)
      if (schedule.state(task) == TaskState::failed)
        error = fmt::format("{}: {}", task, schedule.result(task).error);
    const std::string state = cell.error.empty() ? std::string(name_of(schedule.state_of(cell))) : "invalid";
    run("UPDATE cells SET state = ?, error = ? WHERE number = ?",
        {state, error, std::to_string(cell.cell.number)});
  }
  transaction.commit();
}

void Index::keep_metrics(const std::string& task, const std::filesystem::path& run_folder) {
  const std::filesystem::path records = records::RunPaths{run_folder}.records();
  const std::string stamp = stamp_of(records);
  if (const auto known = stamps_.find(task); known != stamps_.end() && known->second == stamp) return;
  write_metrics(task, records, stamp);
}

void Index::drop_metrics(const std::string& task) {
  if (stamps_.erase(task) == 0) return;
  run("DELETE FROM metrics WHERE task = ?", {task});
  run("DELETE FROM sources WHERE task = ?", {task});
}

void Index::write_metrics(const std::string& task, const std::filesystem::path& records,
                          const std::string& stamp) {
  std::vector<records::EvaluationRecord> evaluations;
  if (std::filesystem::exists(records))
    evaluations = records::records_of<records::EvaluationRecord>(records::read_records(records).entries);
  Transaction transaction(*this);
  run("DELETE FROM metrics WHERE task = ?", {task});
  for (std::size_t i = 0; i < evaluations.size(); ++i)
    for (const auto& [metric, value] : evaluations[i].aggregates)
      // What is no number is NULL, which averages leave out.
      run("INSERT INTO metrics VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
          "CASE WHEN ?7 IN ('nan', '-nan', 'inf', '-inf') THEN NULL ELSE ?7 END)",
          {task, std::to_string(i), evaluations[i].tag, std::to_string(evaluations[i].step),
           evaluations[i].set, metric, exact(value)});
  run("INSERT OR REPLACE INTO sources VALUES (?, ?)", {task, stamp});
  transaction.commit();
  stamps_[task] = stamp;
}

}  // namespace lethe::campaign
