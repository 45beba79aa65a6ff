#include "framework/models/model_path.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::HasSubstr;

class HubCache : public ModelFolder {
 protected:
  std::string complaint(const std::string& model) {
    const Error error = error_of([&] { (void)resolve_model_path(model, folder_); });
    EXPECT_EQ(error.key(), "model.missing");
    EXPECT_EQ(error.exit_code(), 66);
    return error.message();
  }
};

TEST_F(HubCache, FollowsMainToItsSnapshot) {
  write("models--org--name/refs/main", "abc123\n");
  write("models--org--name/snapshots/abc123/config.json", "{}");
  EXPECT_EQ(resolve_model_path("org/name", folder_), path("models--org--name/snapshots/abc123"));
  write("models--gpt2/refs/main", "f00");
  write("models--gpt2/snapshots/f00/config.json", "{}");
  EXPECT_EQ(resolve_model_path("gpt2", folder_), path("models--gpt2/snapshots/f00"));
}

TEST_F(HubCache, TakesTheOnlySnapshotWhereMainWasNotDownloaded) {
  write("models--org--name/refs/v1", "abc123");
  write("models--org--name/snapshots/abc123/config.json", "{}");
  EXPECT_EQ(resolve_model_path("org/name", folder_), path("models--org--name/snapshots/abc123"));
}

TEST_F(HubCache, NamesTheSnapshotsWhereNoneIsMain) {
  write("models--org--name/snapshots/def/config.json", "{}");
  write("models--org--name/snapshots/abc/config.json", "{}");
  EXPECT_THAT(complaint("org/name"),
              HasSubstr("has 2 snapshots and no refs/main that names one of them: abc, def"));
}

TEST_F(HubCache, TakesADirectoryAsItIs) {
  EXPECT_EQ(resolve_model_path(folder_.string(), path("none")), folder_);
}

TEST_F(HubCache, SaysThatItDoesNotDownload) {
  EXPECT_EQ(
      complaint("meta-llama/X"),
      "meta-llama/X is not in the Hugging Face cache; this tool does not download: hf download meta-llama/X");
}

TEST_F(HubCache, RefusesASnapshotThatIsNotThere) {
  write("models--org--name/refs/main", "abc123");
  EXPECT_THAT(complaint("org/name"), HasSubstr("is not in the Hugging Face cache"));
}

TEST_F(HubCache, DoesNotLetAReferenceLeadOutOfTheCache) {
  write("models--org--name/refs/main", "../../..");
  write("models--org--name/snapshots/x", "");
  EXPECT_THAT(complaint("org/name"), HasSubstr("is not in the Hugging Face cache"));
}

TEST_F(HubCache, TakesPathsForPathsOnly) {
  EXPECT_EQ(complaint("/no/such/model"), "/no/such/model does not exist");
  EXPECT_THAT(complaint("./org/name"), HasSubstr("does not exist"));
  EXPECT_THAT(complaint("../name"), HasSubstr("does not exist"));
  EXPECT_THAT(complaint(""), HasSubstr("does not exist"));
  EXPECT_THAT(complaint(write("file", "x").string()), HasSubstr("is a file; a model is a directory"));
}

// One variable set for a while.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { old_ ? ::setenv(name_, old_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

TEST(HubCacheFolder, IsWhereHuggingFaceHubPutsIt) {
  const Variable home("HOME", "/h"), xdg("XDG_CACHE_HOME", nullptr), hub("HF_HUB_CACHE", nullptr),
      old("HUGGINGFACE_HUB_CACHE", nullptr), hf("HF_HOME", nullptr);
  EXPECT_EQ(hub_cache_folder(), "/h/.cache/huggingface/hub");
  const Variable moved("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(hub_cache_folder(), "/x/huggingface/hub");
  const Variable named("HF_HOME", "/f");
  EXPECT_EQ(hub_cache_folder(), "/f/hub");
  const Variable older("HUGGINGFACE_HUB_CACHE", "/o");
  EXPECT_EQ(hub_cache_folder(), "/o");
  const Variable direct("HF_HUB_CACHE", "/c");
  EXPECT_EQ(hub_cache_folder(), "/c");
}

}  // namespace
}  // namespace lethe::models
