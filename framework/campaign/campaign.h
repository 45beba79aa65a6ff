// `lethe campaign FILE`: many runs from one file. Plans the cells, takes the folder's lock, lets the executor
// run what is not done, keeps the index and the table. What is done is read from the tasks' results, so the
// same command goes on after any end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/campaign/memory.h"

namespace lethe::campaign {

struct CampaignLaunch {
  std::string file;
  std::vector<std::string> overrides;  // --set
  std::string out;                     // runs/<name> where empty
  std::string program;                 // lethe, as tasks start it
  std::vector<std::string> driver_words;
  bool keep_going = false;
  bool retry_failed = false;  // also where the executor leaves what has failed for good
  bool is_terminal = false;
};

// Prints the cells, the predicted memory of each or why it is not known, and every invalid cell with its
// line. Gives 0, or 78 if a cell is invalid. Starts and writes nothing.
int check_campaign(const CampaignLaunch& launch, const CheckConfig& check, const PredictMemory& predict);

// Errors: out.exists where the folder holds a run.
void refuse_run_folder(const std::filesystem::path& folder);

// Makes the folder of a campaign and writes `text` to `file`, which is in it. Errors: out.exists (a run's
// folder), out.locked (a driver is at work on what the file says), io.* (cannot be made or written).
void write_campaign_file(const std::filesystem::path& folder, const std::filesystem::path& file,
                         const std::string& text);

// Runs what is not done. Gives 0 when every valid cell is done or handed over, else the exit code of the
// first failed task. Errors: campaign.invalid (without keep_going), campaign.size, out.exists (a run's
// folder), out.locked (a second driver), stopped (told to, everything is resumable).
int run_campaign(const CampaignLaunch& launch, const CheckConfig& check);

// What lies on disk as a table, in Markdown or CSV. Writes nothing and needs no lock, so it may look at a
// campaign that runs, or that is only to be read. Errors: run.missing (no such folder).
[[nodiscard]] std::string campaign_table(const CampaignLaunch& launch, const CheckConfig& check, bool as_csv);

// One task, for a job of a batch system, with its retries. Gives its exit code; 0 at once if it is done.
int run_one_task(const CampaignLaunch& launch, const CheckConfig& check, const std::string& task);

}  // namespace lethe::campaign
