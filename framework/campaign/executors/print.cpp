// Writes the commands of all waiting tasks, in an order in which a shell can run them, and runs none.
#include <cstdio>

#include "framework/base/error.h"
#include "framework/campaign/executor.h"

namespace lethe::campaign::print_entry {
namespace {

class Print final : public Executor {
 public:
  void run(Execution& execution) override {
    for (const Task& task : execution.schedule.plan().tasks) {
      if (execution.schedule.state(task.key) != TaskState::waiting) continue;
      // Nobody will write how this attempt ends; an earlier one's must not be taken for it.
      std::filesystem::remove(execution.paths.result(task.key));
      std::printf("%s\n", shell_line(words_of(*this, execution, task)).c_str());
    }
  }
  bool hands_over() const override { return true; }
};

}  // namespace

std::unique_ptr<Executor> make(config::Section section) {
  section.reject_unknown();
  return std::make_unique<Print>();
}

}  // namespace lethe::campaign::print_entry
