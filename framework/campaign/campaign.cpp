#include "framework/campaign/campaign.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/campaign/cells_file.h"
#include "framework/campaign/executor.h"
#include "framework/campaign/index.h"
#include "framework/campaign/progress_view.h"
#include "framework/campaign/rules.h"
#include "framework/campaign/table.h"
#include "framework/config/document.h"
#include "framework/records/run_directory.h"

namespace lethe::campaign {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t driver_stops = 0;

void note_stop(int) { driver_stops = driver_stops + 1; }

void listen_to_stops() {
  driver_stops = 0;
  struct sigaction action {};
  action.sa_handler = note_stop;
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) ::sigaction(number, &action, nullptr);
}

// The file, read and planned.
struct Planned {
  Planned(const CampaignLaunch& launch, const CheckConfig& check)
      : options(read_options(config::load(launch.file, launch.overrides), launch.file, executor_names())),
        executor(make_executor(options.executor_name, options.executor)),
        paths{launch.out.empty() ? std::filesystem::path("runs") / options.name
                                 : std::filesystem::path(launch.out)},
        plan(make_plan(options, paths, check)) {}
  Options options;
  std::unique_ptr<Executor> executor;
  CampaignPaths paths;
  Plan plan;
};

void make_folders(const CampaignPaths& paths) {
  for (const auto& folder : {paths.tasks(), paths.runs()}) base::make_folders(folder);
}

void bring_up_to_date(const std::filesystem::path& file, const std::string& text) {
  if (!std::filesystem::exists(file) || base::read_file(file) != text)
    base::write_file_atomically(file, text);
}

// Folders stand in them, and a campaign may have been moved; what else they say is in the key. A run that an
// earlier driver left has read its own.
void write_configs(const Planned& planned) {
  for (const Task& task : planned.plan.tasks) {
    if (is_task_running(planned.paths, task.key)) continue;
    bring_up_to_date(planned.paths.config(task.key), task.config_yaml);
    const auto begun = records::RunPaths{planned.paths.run(task.key)}.config();
    if (std::filesystem::exists(begun)) bring_up_to_date(begun, task.config_yaml);
  }
}

enum class Failures { tried_again, shown };

Schedule schedule_of(const Planned& planned, bool keep_going, Failures failures) {
  Schedule schedule(planned.plan, {.retries = planned.options.retries, .keep_going = keep_going});
  for (const Task& task : planned.plan.tasks) {
    if (const auto success = earlier_success(planned.paths, task.key)) {
      schedule.found_done(task.key, *success);
    } else if (failures == Failures::shown) {
      const auto result = read_result(planned.paths.result(task.key));
      if (is_task_running(planned.paths, task.key))
        schedule.started(task.key);
      else if (result && !result->is_done() && schedule.state(task.key) == TaskState::waiting)
        schedule.found_failed(task.key, *result);
    }
  }
  return schedule;
}

void bring_up_to_date(Index& index, const Planned& planned, const Schedule& schedule) {
  for (const Task& task : planned.plan.tasks)
    if (schedule.state(task.key) == TaskState::done)
      index.keep_metrics(task.key, planned.paths.run(task.key));
  index.write_states(schedule);
}

// Index and table, kept near the truth while the campaign runs.
class Bookkeeping {
 public:
  Bookkeeping(const Planned& planned, const Schedule& schedule)
      : planned_(planned), schedule_(schedule), index_(planned.paths.index()) {
    index_.write_plan(planned.plan, planned.paths);
    update();
  }

  void update() {
    bring_up_to_date(index_, planned_, schedule_);
    if (std::string cells = cells_json(planned_.options.name, schedule_); cells != cells_) {
      cells_ = std::move(cells);
      base::write_file_atomically(planned_.paths.cells(), cells_);
    }
    last_ = Clock::now();
  }
  // Runs that were removed. For the driver only: another process may have looked before a run ended.
  void drop_what_is_not_done() {
    for (const Task& task : planned_.plan.tasks)
      if (schedule_.state(task.key) != TaskState::done) index_.drop_metrics(task.key);
  }
  // Not for every change: the campaign's work is its cells.
  void update_now_and_then() {
    if (Clock::now() - last_ > std::chrono::seconds(2)) update();
  }
  void write_tables() {
    update();
    base::write_file_atomically(planned_.paths.table("csv"), table_csv(index_));
    base::write_file_atomically(planned_.paths.table("md"), table_markdown(index_));
  }

 private:
  const Planned& planned_;
  const Schedule& schedule_;
  Index index_;
  std::string cells_;  // as written last
  Clock::time_point last_;
};

int first_failure(const Plan& plan, const Schedule& schedule) {
  for (const Task& task : plan.tasks)
    if (schedule.state(task.key) == TaskState::failed) return schedule.result(task.key).exit_code;
  return 0;
}

int say_outcome(const Planned& planned, const Schedule& schedule, const std::string& headline) {
  spdlog::info("{}; table: {}", headline, planned.paths.table("md").string());
  if (planned.plan.num_invalid() > 0)
    spdlog::warn("{} of {} cells are invalid and were not run", planned.plan.num_invalid(),
                 planned.plan.cells.size());
  if (driver_stops > 0 && schedule.tasks().waiting > 0)
    fail("stopped", fmt::format("stopped, {}; run the same command to go on", headline));
  const int failure = first_failure(planned.plan, schedule);
  if (failure != 0 && !planned.executor->tries_failed_again())
    spdlog::warn("what failed is not submitted again unless --retry-failed is given");
  return failure;
}

}  // namespace

int check_campaign(const CampaignLaunch& launch, const CheckConfig& check, const PredictMemory& predict) {
  const Planned planned(launch, check);
  for (const std::string& warning : warnings_of(planned.options)) spdlog::warn("{}", warning);
  const auto predictions = predict_memory(planned.plan, planned.paths, predict);
  for (const PlannedCell& cell : planned.plan.cells) {
    if (cell.error.empty())
      std::printf("cell %zu  %s  %s\n", cell.cell.number, cell.cell.title().c_str(),
                  memory_of(cell, predictions).c_str());
    else
      std::printf("cell %zu  %s  invalid: %s\n", cell.cell.number, cell.cell.title().c_str(),
                  cell.error.c_str());
  }
  std::printf("%zu cells, %zu invalid, %zu runs\n", planned.plan.cells.size(), planned.plan.num_invalid(),
              planned.plan.tasks.size());
  return planned.plan.num_invalid() == 0 ? 0 : exit_code_of("campaign.invalid");
}

void refuse_run_folder(const std::filesystem::path& folder) {
  const records::RunPaths run{folder};
  if (std::filesystem::exists(run.config()) || std::filesystem::exists(run.records()))
    fail("out.exists", fmt::format("{} holds a run", folder.string()), "name a folder of its own with --out");
}

void write_campaign_file(const std::filesystem::path& folder, const std::filesystem::path& file,
                         const std::string& text) {
  refuse_run_folder(folder);
  base::make_folders(folder);
  const records::RunLock lock(CampaignPaths{folder}.lock());
  bring_up_to_date(file, text);
}

int run_campaign(const CampaignLaunch& launch, const CheckConfig& check) {
  Planned planned(launch, check);
  if (!launch.keep_going) refuse_invalid(planned.plan);
  for (const std::string& warning : warnings_of(planned.options)) spdlog::warn("{}", warning);
  refuse_run_folder(planned.paths.root);
  make_folders(planned.paths);
  const records::RunLock lock(planned.paths.lock());
  write_configs(planned);
  const bool tries_again = planned.executor->tries_failed_again() || launch.retry_failed;
  Schedule schedule =
      schedule_of(planned, launch.keep_going, tries_again ? Failures::tried_again : Failures::shown);
  Bookkeeping books(planned, schedule);
  books.drop_what_is_not_done();
  listen_to_stops();
  std::string headline;
  {
    ProgressView view(schedule, stderr, launch.is_terminal);
    Execution execution{.schedule = schedule,
                        .paths = planned.paths,
                        .program = launch.program,
                        .driver_words = launch.driver_words,
                        .on_change = [&] { view.changed(), books.update_now_and_then(); },
                        .on_wait = [&] { view.waited(), books.update_now_and_then(); },
                        .stops_asked = [] { return static_cast<int>(driver_stops); }};
    planned.executor->run(execution);
    headline = view.headline();
  }
  books.write_tables();
  return say_outcome(planned, schedule, headline);
}

std::string campaign_table(const CampaignLaunch& launch, const CheckConfig& check, bool as_csv) {
  const Planned planned(launch, check);
  if (!std::filesystem::exists(planned.paths.root))
    fail("run.missing", fmt::format("{}: no campaign was run there", planned.paths.root.string()),
         "name its folder with --out, or run it first");
  const Schedule schedule = schedule_of(planned, true, Failures::shown);
  // Of its own: a driver may be at work on the one in the folder, or the folder be somebody else's.
  Index index(":memory:");
  index.write_plan(planned.plan, planned.paths);
  bring_up_to_date(index, planned, schedule);
  return as_csv ? table_csv(index) : table_markdown(index);
}

int run_one_task(const CampaignLaunch& launch, const CheckConfig& check, const std::string& key) {
  const Planned planned(launch, check);
  const auto found = std::ranges::find(planned.plan.tasks, key, &Task::key);
  if (found == planned.plan.tasks.end())
    fail("campaign.task", fmt::format("{} has no task {}", launch.file, key),
         "it reads otherwise now, or its ${env:…} do here: `lethe campaign FILE` submits what it says today");
  refuse_run_folder(planned.paths.root);
  make_folders(planned.paths);
  write_configs(planned);
  Schedule schedule = schedule_of(planned, true, Failures::tried_again);
  if (schedule.state(key) == TaskState::done) return 0;
  for (const std::string& need : found->needs)
    if (schedule.state(need) != TaskState::done)
      fail("campaign.task", fmt::format("{} needs {}, which is not done", key, need), "run that task first");
  const Execution execution{.schedule = schedule, .paths = planned.paths, .program = launch.program};
  const auto words = words_of(*planned.executor, execution, *found);
  while (true) {
    const int code =
        run_task(planned.paths, {.key = key, .words = words, .attempt = schedule.next_attempt(key)});
    schedule.finished(key, outcome_of(planned.paths, key));
    if (code == exit_code_of("stopped") || schedule.state(key) != TaskState::waiting) return code;
    spdlog::warn("{} ended with {}, starting it again", key, code);
  }
}

}  // namespace lethe::campaign
