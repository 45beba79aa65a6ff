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
  for (const auto& folder : {paths.tasks(), paths.runs()}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) base::fail_write(folder, error.value());
  }
}

void write_configs(const Planned& planned) {
  for (const Task& task : planned.plan.tasks) {
    const auto file = planned.paths.config(task.key);
    if (!std::filesystem::exists(file)) base::write_file_atomically(file, task.config_yaml);
  }
}

Schedule schedule_of(const Planned& planned, bool keep_going) {
  Schedule schedule(planned.plan, {.retries = planned.options.retries, .keep_going = keep_going});
  for (const Task& task : planned.plan.tasks)
    if (const auto result = earlier_success(planned.paths, task.key)) schedule.found_done(task.key, *result);
  return schedule;
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
    for (const Task& task : planned_.plan.tasks)
      if (schedule_.state(task.key) == TaskState::done && !index_.has_metrics(task.key))
        index_.write_metrics(task.key, planned_.paths.run(task.key));
    index_.write_states(schedule_);
    last_ = Clock::now();
  }
  // Not for every change: the campaign's work is its cells.
  void update_now_and_then() {
    if (Clock::now() - last_ > std::chrono::seconds(2)) update();
  }
  void write_tables() {
    update();
    base::write_file_atomically(planned_.paths.table("csv"), table_csv(index_));
    base::write_file_atomically(planned_.paths.table("md"), table_markdown(index_));
    base::write_file_atomically(planned_.paths.cells(), cells_json(planned_.options.name, schedule_));
  }
  const Index& index() const { return index_; }

 private:
  const Planned& planned_;
  const Schedule& schedule_;
  Index index_;
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
  const int failure = first_failure(planned.plan, schedule);
  if (failure == 0 && driver_stops > 0)
    fail("stopped", fmt::format("stopped, {}; run the same command to go on", headline));
  return failure;
}

}  // namespace

int check_campaign(const CampaignLaunch& launch, const CheckConfig& check, const PredictMemory& predict) {
  const Planned planned(launch, check);
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

int run_campaign(const CampaignLaunch& launch, const CheckConfig& check) {
  Planned planned(launch, check);
  if (!launch.keep_going) refuse_invalid(planned.plan);
  make_folders(planned.paths);
  const records::RunLock lock(planned.paths.lock());
  write_configs(planned);
  Schedule schedule = schedule_of(planned, launch.keep_going);
  Bookkeeping books(planned, schedule);
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
  make_folders(planned.paths);
  const Schedule schedule = schedule_of(planned, true);
  const Bookkeeping books(planned, schedule);
  return as_csv ? table_csv(books.index()) : table_markdown(books.index());
}

int run_one_task(const CampaignLaunch& launch, const CheckConfig& check, const std::string& key) {
  const Planned planned(launch, check);
  const auto found = std::ranges::find(planned.plan.tasks, key, &Task::key);
  if (found == planned.plan.tasks.end())
    fail("campaign.task", fmt::format("{} has no task {}", launch.file, key));
  make_folders(planned.paths);
  write_configs(planned);
  Schedule schedule = schedule_of(planned, true);
  if (schedule.state(key) == TaskState::done) return 0;
  for (const std::string& need : found->needs)
    if (schedule.state(need) != TaskState::done)
      fail("campaign.task", fmt::format("{} needs {}, which is not done", key, need), "run that task first");
  const Execution execution{.schedule = schedule, .paths = planned.paths, .program = launch.program};
  return run_task(planned.paths, {.key = key, .words = words_of(*planned.executor, execution, *found)});
}

}  // namespace lethe::campaign
