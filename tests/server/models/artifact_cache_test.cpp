// SPDX-License-Identifier: Apache-2.0
#include "server/models/artifact_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <future>

#include "tests/base/scratch_folder.h"

namespace streamtensor::server {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

class ArtifactCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<ArtifactCache> Open(int64_t max_bytes = 1 << 30) {
    auto cache = ArtifactCache::Open(folder_.path(), max_bytes);
    EXPECT_TRUE(cache.ok()) << cache.status();
    return *std::move(cache);
  }

  std::string Make(const ArtifactCache& cache, const std::string& key, size_t bytes) {
    fs::create_directories(cache.StagingPath(key));
    std::ofstream(cache.StagingPath(key) + "/weights.bin") << std::string(bytes, 'x');
    const auto path = cache.Install(key);
    EXPECT_TRUE(path.ok()) << path.status();
    return *path;
  }

  void SetAge(const std::string& path, int hours) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }

  ScratchFolder folder_;
  std::atomic<bool> stop_ = false;
};

TEST_F(ArtifactCacheTest, FindsWhatWasInstalled) {
  const auto cache = Open();
  EXPECT_FALSE(cache->Find("k1").has_value());
  fs::create_directories(cache->StagingPath("k1"));
  EXPECT_FALSE(cache->Find("k1").has_value()) << "half made is not there";
  const std::string path = Make(*cache, "k1", 10);
  EXPECT_EQ(cache->Find("k1"), path);
  struct stat info{};
  ASSERT_EQ(stat((folder_.path() + "/artifacts").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(ArtifactCacheTest, SweepsWhatAKilledProcessLeft) {
  const auto cache = Open();
  fs::create_directories(cache->StagingPath("gone"));
  const std::string good = Make(*cache, "good", 10);
  cache->RemoveUnfinished();
  EXPECT_FALSE(fs::exists(cache->StagingPath("gone")));
  EXPECT_TRUE(fs::exists(good));
}

TEST_F(ArtifactCacheTest, DropsTheLeastRecentlyUsedButNothingInUse) {
  const auto cache = Open(2500);
  const std::string oldest = Make(*cache, "a", 1000);
  const std::string older = Make(*cache, "b", 1000);
  const std::string newest = Make(*cache, "c", 1000);
  SetAge(oldest, 3);
  SetAge(older, 2);
  SetAge(newest, 1);
  EXPECT_EQ(cache->Trim({oldest}), 1000);
  EXPECT_TRUE(fs::exists(oldest));
  EXPECT_FALSE(fs::exists(older));
  EXPECT_TRUE(fs::exists(newest));
  EXPECT_EQ(cache->Trim({}), 0) << "it fits";
}

TEST_F(ArtifactCacheTest, FindingIsUsing) {
  const auto cache = Open(1500);
  const std::string a = Make(*cache, "a", 1000);
  const std::string b = Make(*cache, "b", 1000);
  SetAge(a, 3);
  SetAge(b, 2);
  cache->Find("a");
  cache->Trim({});
  EXPECT_TRUE(fs::exists(a));
  EXPECT_FALSE(fs::exists(b));
}

TEST_F(ArtifactCacheTest, OneAtATime) {
  const auto cache = Open();
  auto first = std::make_unique<absl::StatusOr<ArtifactCache::Lock>>(cache->Acquire(stop_));
  ASSERT_TRUE(first->ok());
  auto second = std::async(std::launch::async, [&] { return cache->Acquire(stop_).ok(); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  first.reset();
  EXPECT_TRUE(second.get());
}

TEST_F(ArtifactCacheTest, AFileInTheWayIsAnError) {
  folder_.Write("artifacts", "not a folder");
  const auto cache = ArtifactCache::Open(folder_.path(), 1);
  EXPECT_FALSE(cache.ok());
  EXPECT_NE(cache.status().message().find(folder_.path() + "/artifacts: Not a directory"), std::string::npos)
      << cache.status();
}

TEST_F(ArtifactCacheTest, HashesFilesAndFolders) {
  const std::string file = folder_.Write("model", "abc");
  EXPECT_EQ(*HashContent(file, stop_), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  folder_.Write("dir/a", "1");
  folder_.Write("dir/b", "2");
  const std::string before = *HashContent(folder_.path() + "/dir", stop_);
  folder_.Write("dir/b", "3");
  EXPECT_NE(*HashContent(folder_.path() + "/dir", stop_), before);
  EXPECT_EQ(HashContent(folder_.path() + "/none", stop_).status().code(), absl::StatusCode::kNotFound);
  const std::string pipe = folder_.path() + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(HashContent(pipe, stop_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::server
