// Hands tasks to Slurm: one job a task, or one array for each level of tasks that need nothing from each
// other. A job runs `lethe campaign FILE --task KEY`, which holds the task's lock and writes its result, so a
// requeued or doubly submitted job repeats nothing. Slurm's warning before the end (--signal) lets the task
// save its state; the job then asks to be queued again.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/campaign/executor.h"

namespace lethe::campaign::slurm_entry {
namespace {

struct Options {
  std::string submit = "array", time = "01:00:00", launcher = "srun -n {ranks}";
  std::int64_t warning_seconds = 120, max_at_once = 0;
  std::vector<std::string> options;
};

Options read(config::Section section) {
  Options o;
  section.choice("submit", o.submit, {"array", "jobs"}, "one array a level of tasks, or one job a task")
      .optional("time", o.time, "time limit of a job, as sbatch takes it")
      .optional("launcher", o.launcher, "how a job starts its ranks; {ranks} is their number")
      .optional("warning_seconds", o.warning_seconds,
                "how long before the limit a task is told to save its state", config::at_least(1))
      .optional("max_at_once", o.max_at_once, "elements of an array that run at once; 0 does not limit",
                config::at_least(0))
      .optional("options", o.options,
                "further options of sbatch, one each: [--partition=gpu, --gpus-per-task=1]");
  section.reject_unknown();
  return o;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ')
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, ""));
  }
  return words;
}

std::string with_ranks(std::string word, std::int64_t ranks) {
  constexpr std::string_view kPlace = "{ranks}";
  for (auto at = word.find(kPlace); at != std::string::npos; at = word.find(kPlace))
    word.replace(at, kPlace.size(), std::to_string(ranks));
  return word;
}

// As sbatch reads a path in an #SBATCH line: quoted, and `%` doubled, because %a stands for a number.
std::string sbatch_path(const std::filesystem::path& path) {
  std::string text;
  for (const char c : path.string()) {
    if (c == '%') text += '%';
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return '"' + text + '"';
}

// What a command printed. Errors: campaign.slurm where it cannot be started or fails.
std::string output_of(const std::vector<std::string>& words) {
  FILE* pipe = ::popen(shell_line(words).c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer{};
  while (pipe != nullptr && std::fgets(buffer.data(), buffer.size(), pipe) != nullptr)
    output += buffer.data();
  if (pipe == nullptr || ::pclose(pipe) != 0)
    fail("campaign.slurm", fmt::format("{} failed", shell_line(words)),
         "is Slurm installed, and the account allowed?");
  return output;
}

std::string first_word(std::string text) { return text.substr(0, text.find_first_of(" \n;\t")); }

// How many needs lie below a task at most: tasks of one level do not need each other.
std::map<std::string, std::size_t> levels_of(const Plan& plan) {
  std::map<std::string, std::size_t> levels;
  for (const Task& task : plan.tasks) {
    std::size_t level = 0;
    for (const std::string& need : task.needs) level = std::max(level, levels.at(need) + 1);
    levels[task.key] = level;
  }
  return levels;
}

class Slurm final : public Executor {
 public:
  explicit Slurm(Options options) : options_(std::move(options)) {}

  void run(Execution& execution) override {
    const auto waiting = waiting_tasks(execution);
    if (options_.submit == "jobs")
      submit_jobs(execution, waiting);
    else
      submit_arrays(execution, waiting);
    spdlog::info("{} tasks handed to Slurm; run the same command to see how they are", waiting.size());
  }

  std::vector<std::string> launcher(std::int64_t ranks) const override {
    std::vector<std::string> words = split(options_.launcher);
    for (std::string& word : words) word = with_ranks(std::move(word), ranks);
    return words;
  }
  bool hands_over() const override { return true; }
  // The same command is how one looks at what was handed over.
  bool tries_failed_again() const override { return false; }

 private:
  // Those that no job of an earlier submission still holds; what those jobs are, queued or running, is
  // remembered for dependencies.
  std::vector<const Task*> waiting_tasks(const Execution& execution) {
    std::vector<const Task*> waiting;
    for (const Task& task : execution.schedule.plan().tasks) {
      const TaskState state = execution.schedule.state(task.key);
      if (state != TaskState::waiting && state != TaskState::running) continue;
      const auto file = execution.paths.job(task.key);
      const std::string job = std::filesystem::exists(file) ? base::read_file(file) : "";
      if (!job.empty() && is_queued(job))
        jobs_[task.key] = job;
      else if (state == TaskState::waiting)
        waiting.push_back(&task);
    }
    return waiting;
  }

  static bool is_queued(const std::string& job) {
    // squeue fails for a job that it has forgotten.
    const std::string command = shell_line(std::vector<std::string>{"squeue", "-h", "-o", "%i", "-j", job});
    return !output_of({"sh", "-c", command + " 2>/dev/null || true"}).empty();
  }

  std::string head(const std::string& name, const std::string& log, std::int64_t ranks) const {
    std::string text = fmt::format(
        "#!/bin/bash\n#SBATCH --job-name={}\n#SBATCH --output={}\n#SBATCH --open-mode=append\n#SBATCH "
        "--requeue\n"
        "#SBATCH --time={}\n#SBATCH --signal=B:USR1@{}\n#SBATCH --ntasks={}\n",
        name, log, options_.time, options_.warning_seconds, ranks);
    for (const std::string& option : options_.options) text += fmt::format("#SBATCH {}\n", option);
    return text;
  }

  // The shell passes the warning on (its trap stands before the task starts, or an early one would end the
  // shell) and, when the task has saved its state, asks for another turn. A wait that the warning ended has
  // not the task's code; the last one has.
  static std::string body(const Execution& execution, const std::string& task) {
    return fmt::format(
        "export OMP_NUM_THREADS=\"${{OMP_NUM_THREADS:-${{SLURM_CPUS_PER_TASK:-1}}}}\"\n"
        // Since Slurm 22.05 a job step does not take this from its job.
        "if [[ -n ${{SLURM_CPUS_PER_TASK:-}} ]]; then export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK; fi\n"
        "trap 'kill -USR1 $!' USR1 TERM\n{} --task {} &\nDRIVER=$!\ncode=0\n"
        "while :; do wait $DRIVER && code=0 || code=$?; kill -0 $DRIVER 2>/dev/null || break; done\n"
        "wait $DRIVER && code=0 || code=$?\n"
        "if [[ $code == 75 ]]; then scontrol requeue \"$SLURM_JOB_ID\"; fi\nexit $code\n",
        shell_line(execution.driver_words), task);
  }

  std::string dependencies(const std::set<std::string>& needs, const std::string& kind) const {
    std::set<std::string> jobs;
    for (const std::string& need : needs)
      if (const auto job = jobs_.find(need); job != jobs_.end()) jobs.insert(job->second);
    const std::vector<std::string> list(jobs.begin(), jobs.end());
    return list.empty() ? "" : fmt::format("--dependency={}:{}", kind, base::join(list, ":"));
  }

  static std::string submit(const std::filesystem::path& script, const std::string& text,
                            const std::string& dependency) {
    base::write_file_atomically(script, text);
    // A job whose need has failed would wait for ever, and count as queued.
    std::vector<std::string> words = {"sbatch", "--parsable", "--kill-on-invalid-dep=yes"};
    if (!dependency.empty()) words.push_back(dependency);
    words.push_back(script.string());
    return first_word(output_of(words));
  }

  void remember(const Execution& execution, const Task& task, const std::string& job) {
    jobs_[task.key] = job;
    base::write_file_atomically(execution.paths.job(task.key), job);
  }

  void submit_jobs(const Execution& execution, const std::vector<const Task*>& tasks) {
    for (const Task* task : tasks) {
      const std::string text =
          head(task->key, sbatch_path(execution.paths.tasks() / (task->key + ".slurm.log")), task->ranks) +
          body(execution, task->key);
      const std::string dependency = dependencies({task->needs.begin(), task->needs.end()}, "afterok");
      remember(execution, *task, submit(execution.paths.tasks() / (task->key + ".sbatch"), text, dependency));
    }
  }

  // One array for tasks of one level and one number of ranks. afterany: a failed element must not hold back
  // those that do not need it; a task whose own needs have failed ends at once.
  void submit_arrays(const Execution& execution, const std::vector<const Task*>& tasks) {
    const auto levels = levels_of(execution.schedule.plan());
    std::map<std::pair<std::size_t, std::int64_t>, std::vector<const Task*>> arrays;
    for (const Task* task : tasks) arrays[{levels.at(task->key), task->ranks}].push_back(task);
    for (const auto& [level, members] : arrays) submit_array(execution, members);
  }

  void submit_array(const Execution& execution, const std::vector<const Task*>& members) {
    const std::string name = fmt::format("array-{}", members.front()->key);
    std::set<std::string> needs;
    std::vector<std::string> keys;
    for (const Task* task : members) {
      needs.insert(task->needs.begin(), task->needs.end());
      keys.push_back(task->key);
    }
    const std::string limit = options_.max_at_once > 0 ? fmt::format("%{}", options_.max_at_once) : "";
    // The keys stand in the script, which Slurm copies when it is submitted: a file of keys would be
    // another one's as soon as some of these are submitted again.
    const std::string text =
        head(name, sbatch_path(execution.paths.tasks() / name) + "-%a.slurm.log", members.front()->ranks) +
        fmt::format("#SBATCH --array=0-{}{}\nKEYS=({})\nKEY=${{KEYS[SLURM_ARRAY_TASK_ID]}}\n",
                    members.size() - 1, limit, shell_line(keys)) +
        body(execution, "\"$KEY\"");
    const std::string job =
        submit(execution.paths.tasks() / (name + ".sbatch"), text, dependencies(needs, "afterany"));
    for (std::size_t i = 0; i < members.size(); ++i)
      remember(execution, *members[i], fmt::format("{}_{}", job, i));
  }

  Options options_;
  std::map<std::string, std::string> jobs_;  // of a task, as Slurm names it
};

}  // namespace

std::unique_ptr<Executor> make(config::Section section) {
  return std::make_unique<Slurm>(read(std::move(section)));
}

}  // namespace lethe::campaign::slurm_entry
