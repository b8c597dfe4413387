// SPDX-License-Identifier: Apache-2.0
// The compilation stage with scripts in the compiler's place.
#include "server/models/compilation.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "server/config/config.h"
#include "tests/base/scratch_folder.h"

namespace streamtensor::server {
namespace {

using testing::ScratchFolder;

constexpr char kGood[] = R"(#!/bin/sh
if [ "$1" = --version ]; then echo "one 1"; exit 0; fi
echo run >> "$(dirname "$0")/runs"
echo 'noise that is no JSON'
echo '{"stage":"import","index":1,"stages":2,"fraction":0.5,"seconds":0.1}'
echo '{"stage":"emit","index":2,"stages":2,"fraction":7,"seconds":0.1}'
mkdir "$4" && echo "$@" > "$4/arguments"
echo '{"done":true,"artifact":"'"$4"'"}'
)";

class CompilationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.source = folder_.Write("model.gguf", "GGUF");
    cache_ = *ArtifactCache::Open(folder_.path() + "/cache", 1 << 30);
  }

  absl::StatusOr<std::string> Compile(const std::string& script) {
    options_.compiler = folder_.Write("compiler", script, true);
    progress_.clear();
    return CompileOrFind(
        *cache_, options_, {}, [this](const CompilationProgress& p) { progress_.push_back(p); }, stop_);
  }

  ScratchFolder folder_;
  CompilationOptions options_;
  std::unique_ptr<ArtifactCache> cache_;
  std::vector<CompilationProgress> progress_;
  std::atomic<bool> stop_ = false;
};

TEST_F(CompilationTest, CompilesOnceForEachContentAndOption) {
  const auto first = Compile(kGood);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(std::filesystem::exists(*first + "/arguments"));
  ASSERT_EQ(progress_.size(), 3u);
  EXPECT_EQ(progress_[0].stage, "waiting");
  EXPECT_EQ(progress_[1].stage, "import");
  EXPECT_EQ(progress_[1].fraction, 0.5);
  EXPECT_EQ(progress_[2].fraction, 1) << "never beyond";
  EXPECT_EQ(*Compile(kGood), *first);
  EXPECT_TRUE(progress_.empty());
  EXPECT_EQ(testing::ReadText(folder_.path() + "/runs"), "run\n");

  options_.max_context = 4096;
  const auto other = Compile(kGood);
  ASSERT_TRUE(other.ok());
  EXPECT_NE(*other, *first);
  EXPECT_NE(testing::ReadText(*other + "/arguments").find("--max-context 4096"), std::string::npos);

  options_.max_context = kDefaultContext;
  const auto by_model = Compile(kGood);
  ASSERT_TRUE(by_model.ok());
  EXPECT_EQ(testing::ReadText(*by_model + "/arguments").find("--max-context"), std::string::npos);

  options_.quantise = "w4g128";
  const auto quantised = Compile(kGood);
  ASSERT_TRUE(quantised.ok());
  EXPECT_NE(*quantised, *by_model);
  EXPECT_NE(testing::ReadText(*quantised + "/arguments").find("--quantise w4g128"), std::string::npos);
  // Another compiler is another key, even under the same version.
  EXPECT_NE(*Compile(std::string(kGood) + "\n"), *other);
}

TEST_F(CompilationTest, SaysWhatTheCompilerSaid) {
  const auto result = Compile(
      "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nmkdir $4\necho '{\"error\":\"tensor x: type 99\"}'\nexit "
      "1\n");
  EXPECT_EQ(result.status().message(), "tensor x: type 99");
  EXPECT_FALSE(std::filesystem::exists(cache_->StagingPath("anything")));
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/cache/artifacts")) {
    EXPECT_EQ(entry.path().filename(), ".lock");
  }
}

TEST_F(CompilationTest, ACompilerThatLiesOrDies) {
  EXPECT_NE(Compile("#!/bin/sh\nexit 0\n").status().message().find("wrote no artifact"), std::string::npos);
  EXPECT_NE(Compile("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nkill -11 $$\n")
                .status()
                .message()
                .find("signal 11"),
            std::string::npos);
}

TEST_F(CompilationTest, ACompilerThatMeetsALimitLeavesNothing) {
  options_.max_memory_bytes = 1 << 30;
  options_.max_seconds = 100;
  const std::string script = "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nmkdir $4\n";
  EXPECT_NE(Compile(script + "exec truncate -s 1073741825 $4/weights.bin\n")
                .status()
                .message()
                .find("wrote a file of more than 1073741824 bytes"),
            std::string::npos);
  EXPECT_NE(Compile(script + "ulimit -t >&2; exit 1\n").status().message().find("code 1: 400"),
            std::string::npos)
      << "processor time for four threads";
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/cache/artifacts")) {
    EXPECT_EQ(entry.path().filename(), ".lock");
  }
  EXPECT_TRUE(Compile(kGood).ok());
}

TEST_F(CompilationTest, AMissingModelIsNamed) {
  options_.source = folder_.path() + "/none.gguf";
  const auto result = Compile(kGood);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(result.status().message().find("/none.gguf"), std::string::npos);
}

}  // namespace
}  // namespace streamtensor::server
