// SPDX-License-Identifier: Apache-2.0
// What a card must do that is a process: it dies, hangs and comes back, and leaves nothing behind.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <thread>

#include "tests/conformance/loaded_card.h"

namespace conformance {
namespace {

bool ProcessExists(int64_t pid) { return kill(static_cast<pid_t>(pid), 0) == 0; }

// For what another process does soon; no test asserts how soon.
template <class Condition>
bool Eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

int OpenDescriptors() {
  int count = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// User and system time in clock ticks.
uint64_t CpuTicks(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(line.rfind(')') + 2));
  std::string field;
  uint64_t user = 0, system = 0;
  for (int i = 0; i < 11; ++i) fields >> field;
  fields >> user >> system;
  return user + system;
}

// The process's state letter in /proc: 'T' when stopped.
char State(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end = line.rfind(')');
  return end == std::string::npos ? '?' : line[end + 2];
}

class ProcessCard : public testing::Test {
 protected:
  // Opens the card only where the test runs.
  void Open() { ASSERT_NO_FATAL_FAILURE(loaded_.Open(ConfigUnderTest())); }
  Card& card() { return loaded_.card(); }
  LoadedCard loaded_;
};

TEST_F(ProcessCard, ADesignThatCrashesIsADeadCard) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kCrash));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("process"), std::string::npos) << status;
  loaded_.ExpectRecovers();
}

TEST_F(ProcessCard, ACallOfAForeignArchitectureEndsTheProcess) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kForeignCall));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  loaded_.ExpectRecovers();
}

TEST_F(ProcessCard, HasNothingOfItsHost) {
  ST_NEEDS(is_process);
  setenv("SECRET_TOKEN", "x", 1);
  ASSERT_NO_FATAL_FAILURE(Open());
  const std::string process = "/proc/" + std::to_string(card().ProcessId());
  const auto read = [&](const char* name) {
    std::ifstream file(process + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(read("/environ").find("SECRET_TOKEN"), std::string::npos);
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_NE(read("/status").find(std::string(set) + ":\t0000000000000000\n"), std::string::npos) << set;
  }
  EXPECT_NE(read("/status").find("NoNewPrivs:\t1\n"), std::string::npos);
  const std::string limits = read("/limits");
  EXPECT_TRUE(std::regex_search(limits, std::regex("Max core file size +0 +0 "))) << limits;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_TRUE(std::regex_search(limits, std::regex("Max address space +[0-9]+ +[0-9]+ "))) << limits;
#endif
  EXPECT_NE(std::filesystem::read_symlink(process + "/fd/2"),
            std::filesystem::read_symlink("/proc/self/fd/2"));
}

TEST_F(ProcessCard, KilledDuringARunItIsUnavailable) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kSpin));
  const auto pid = static_cast<pid_t>(card().ProcessId());
  std::thread killer([pid] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    kill(pid, SIGKILL);
  });
  const absl::Status status = card().Run(kLong).status();
  killer.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("launch 1: "), std::string::npos) << status;
  EXPECT_NE(std::string(status.message()).find("killed by signal 9"), std::string::npos) << status;
  EXPECT_EQ(card().ReadSensors().status().code(), absl::StatusCode::kUnavailable);
  loaded_.ExpectRecovers();
}

TEST_F(ProcessCard, KilledBetweenRunsItIsUnavailable) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  kill(static_cast<pid_t>(card().ProcessId()), SIGKILL);
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);
  loaded_.ExpectRecovers();
}

TEST_F(ProcessCard, StoppedItTimesOutAndResetEndsIt) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto pid = static_cast<pid_t>(card().ProcessId());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  kill(pid, SIGSTOP);
  ASSERT_TRUE(Eventually([pid] { return State(pid) == 'T'; }));
  EXPECT_EQ(card().Run(absl::Milliseconds(100)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(loaded_.As<float>(kOutput)[0], -1);  // nothing came
  loaded_.ExpectRecovers();
  EXPECT_FALSE(ProcessExists(pid));
  EXPECT_NE(card().ProcessId(), pid);
}

TEST_F(ProcessCard, TwoOpensOfOneIndexAreOneCard) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  absl::StatusOr<std::unique_ptr<Card>> again = OpenCard(ConfigUnderTest());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->ProcessId(), card().ProcessId());
  ST_ASSERT_OK((*again)->LoadDesign(DesignFor(DriverUnderTest()).view()));  // it is there already
  const int64_t pid = card().ProcessId();
  ST_ASSERT_OK((*again)->Reset());
  EXPECT_NE((*again)->ProcessId(), pid);
  ASSERT_NO_FATAL_FAILURE(loaded_.ExpectRecovers());
  again->reset();
  EXPECT_TRUE(ProcessExists(card().ProcessId()));

  CardConfig other_memory = ConfigUnderTest(), other_threads = ConfigUnderTest();
  other_memory.strict_sync = !other_memory.strict_sync;
  other_threads.threads = 3 - other_threads.threads;
  for (const CardConfig& other : {other_memory, other_threads}) {
    const absl::Status status = OpenCard(other).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
}

TEST_F(ProcessCard, TwoIndicesAreTwoCards) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  LoadedCard other;
  ASSERT_NO_FATAL_FAILURE(other.Open(ConfigUnderTest(1)));
  EXPECT_NE(other.card().ProcessId(), card().ProcessId());
  EXPECT_EQ(card().SetArgument(kInput, other.buffer(kInput)).code(), absl::StatusCode::kInvalidArgument);
  kill(static_cast<pid_t>(other.card().ProcessId()), SIGKILL);
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  EXPECT_TRUE(card().Run(kLong).ok());
  loaded_.ExpectOutput(1);
}

TEST_F(ProcessCard, IdleItUsesNoProcessorTime) {
  ST_NEEDS(is_process);
  ASSERT_NO_FATAL_FAILURE(Open());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  const uint64_t before = CpuTicks(card().ProcessId());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LE(CpuTicks(card().ProcessId()) - before, 1u);
}

TEST_F(ProcessCard, ClosingLeavesNothing) {
  ST_NEEDS(is_process);
  LoadedCard warm;  // whatever stays open for good is opened now
  ASSERT_NO_FATAL_FAILURE(warm.Open(ConfigUnderTest(5)));
  const int descriptors = OpenDescriptors();
  for (int i = 0; i < 3; ++i) {
    int64_t pid = 0;
    {
      LoadedCard loaded;
      ASSERT_NO_FATAL_FAILURE(loaded.Open(ConfigUnderTest()));
      pid = loaded.card().ProcessId();
      EXPECT_TRUE(ProcessExists(pid));
    }
    EXPECT_FALSE(ProcessExists(pid));
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

// The card watches its socket: no host, no card, even in the middle of a launch.
TEST_F(ProcessCard, EndsWithItsHost) {
  ST_NEEDS(is_process);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t host = fork();
  if (host == 0) {
    LoadedCard loaded;
    loaded.Open(ConfigUnderTest(9));
    loaded.SendStep(1, kSpin);
    const int64_t pid = loaded.card().ProcessId();
    if (write(ends[1], &pid, sizeof pid) != sizeof pid) _exit(1);
    loaded.card().Run(kLong).IgnoreError();
    _exit(0);
  }
  close(ends[1]);
  int64_t pid = 0;
  ASSERT_EQ(read(ends[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  close(ends[0]);
  ASSERT_GT(pid, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  kill(host, SIGKILL);
  waitpid(host, nullptr, 0);
  EXPECT_TRUE(Eventually([pid] { return !ProcessExists(pid) || State(pid) == 'Z'; }));
}

}  // namespace
}  // namespace conformance
