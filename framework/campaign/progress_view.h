// What the user sees of a running campaign: a block of lines that is redrawn at a terminal, one line for each
// change elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include "framework/campaign/schedule.h"

namespace lethe::campaign {

class ProgressView {
 public:
  // Draws on `out` if it is a terminal; logs otherwise.
  ProgressView(const Schedule& schedule, std::FILE* out, bool is_terminal);
  ~ProgressView();
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;

  void changed();  // a task started or ended
  void waited();   // redraws now and then

  // "cells 12/162 done, 3 running, 1 failed, 2 blocked; about 4 min 10 s left"
  [[nodiscard]] std::string headline() const;

 private:
  using Clock = std::chrono::steady_clock;
  void note_states();
  void draw();
  void erase();

  const Schedule& schedule_;
  std::FILE* out_;
  bool is_terminal_;
  std::size_t num_lines_ = 0, most_at_once_ = 1;
  std::map<std::string, TaskState> shown_;
  std::map<std::string, Clock::time_point> since_;
  Clock::time_point last_draw_;
};

}  // namespace lethe::campaign
