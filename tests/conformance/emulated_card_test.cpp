// SPDX-License-Identifier: Apache-2.0
// The rest of the suite: what a card must do that computes, dies, hangs and comes back.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/conformance/card_fixture.h"

namespace conformance {
namespace {

constexpr CardConfig::Driver kDriver = CardConfig::Driver::kEmulated;

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

struct Kind {
  const char* name;
  bool strict;
  uint32_t threads;
};

class EmulatedCard : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(loaded_.Open(CardOf(GetParam()))); }
  static CardOptions CardOf(const Kind& kind, uint32_t index = 0) {
    CardOptions options = Options(kDriver, kind.strict, index);
    options.card.threads = kind.threads;
    return options;
  }
  Card& card() { return loaded_.card(); }

  // Reset, reload, and a right answer.
  void ExpectRecovers() {
    loaded_.DropBuffers();
    ST_ASSERT_OK(card().Reset());
    ASSERT_NO_FATAL_FAILURE(loaded_.Load());
    ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(2));
    const absl::StatusOr<RunReport> report = card().Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status();
    loaded_.ExpectOutput(2);
  }

  LoadedCard loaded_;
};

TEST_P(EmulatedCard, Computes) {
  for (uint32_t tokens = 1; tokens <= kStepTokens; ++tokens) {
    ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(tokens));
    const absl::StatusOr<RunReport> report = card().Run(kLong);
    ASSERT_TRUE(report.ok()) << report.status();
    loaded_.ExpectOutput(tokens);
    ASSERT_EQ(report->processes.size(), 2u);
    EXPECT_EQ(report->processes[0].name, "load");
    EXPECT_GT(report->launch_nanoseconds, 0u);
  }
}

TEST_P(EmulatedCard, OneBufferServesTwoArguments) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(card().Run(kLong).ok());
    loaded_.ExpectOutput(1, 0.5f + static_cast<float>(run));  // the pool grew by one in each run
  }
}

TEST_P(EmulatedCard, TellsModelledFiguresOfTheStep) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(2));
  const auto descriptor = loaded_.As<uint32_t>(kDescriptor);
  descriptor[3] = 2;            // logits rows
  descriptor[16 + 3] = 33;      // token 0 attends to two pages
  descriptor[16 + 8 + 3] = 32;  // token 1 to one
  ST_ASSERT_OK(loaded_.ToCard(kDescriptor));
  const absl::StatusOr<RunReport> report = card().Run(kLong);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->modelled);
  EXPECT_EQ(report->modelled_cycles, 100u + 1020u + 7u + 3u * 3u);
  EXPECT_DOUBLE_EQ(report->modelled_seconds, 1136 / kClockHz);
  EXPECT_TRUE(report->joules_known);
  EXPECT_FALSE(report->joules_measured);
  EXPECT_DOUBLE_EQ(report->joules, 28 * 1136 / kClockHz + 1e-9 * (1000 + 3 * 10));
}

TEST_P(EmulatedCard, ModelledPowerRisesAboveTheStaticWhileItWorks) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(card().Run(kLong).ok());
  const auto sensors = card().ReadSensors();
  ASSERT_TRUE(sensors.ok()) << sensors.status();
  EXPECT_TRUE(sensors->power_known);
  EXPECT_FALSE(sensors->power_measured);
  EXPECT_GE(sensors->power_watts, 28);
  EXPECT_LT(sensors->power_watts, 28.01);
  EXPECT_FALSE(sensors->temperature_known);
  EXPECT_NE(sensors->electrical_json.find("power_consumption_watts"), std::string::npos);
}

TEST_P(EmulatedCard, AForgottenSyncShowsInStrictModeAlone) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  for (float& weight : loaded_.As<float>(kWeights)) weight = 3;  // not sent
  ASSERT_TRUE(card().Run(kLong).ok());
  const float before = loaded_.As<float>(kOutput)[1];
  ST_ASSERT_OK(loaded_.FromCard(kOutput));
  const float after = loaded_.As<float>(kOutput)[1];
  EXPECT_EQ(after, GetParam().strict ? 2.5f : 3.5f);
  EXPECT_EQ(before, GetParam().strict ? -1.0f : 3.5f);
}

TEST_P(EmulatedCard, ADeadlockIsAFailedRunThatNamesItsLaunchAndItsCycle) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kDeadlock));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  const std::string message(status.message());
  for (const char* name : {"launch 2: ", "load", "store", "products", "acknowledgements"}) {
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);  // until it is reset
  ExpectRecovers();
}

TEST_P(EmulatedCard, ARunThatNeverEndsTimesOut) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kSpin));
  const absl::Status status = card().Run(absl::Milliseconds(50)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(std::string(status.message()).find("launch 1: "), std::string::npos) << status;
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(loaded_.ToCard(kInput).code(), absl::StatusCode::kUnavailable);
  ExpectRecovers();
}

TEST_P(EmulatedCard, ADesignThatCrashesIsADeadCard) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kCrash));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("process"), std::string::npos) << status;
  ExpectRecovers();
}

TEST_P(EmulatedCard, KilledDuringARunItIsUnavailable) {
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
  ExpectRecovers();
}

TEST_P(EmulatedCard, KilledBetweenRunsItIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  kill(static_cast<pid_t>(card().ProcessId()), SIGKILL);
  EXPECT_EQ(card().Run(kLong).status().code(), absl::StatusCode::kUnavailable);
  ExpectRecovers();
}

TEST_P(EmulatedCard, StoppedItTimesOutAndResetEndsIt) {
  const auto pid = static_cast<pid_t>(card().ProcessId());
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  kill(pid, SIGSTOP);
  ASSERT_TRUE(Eventually([pid] { return State(pid) == 'T'; }));
  EXPECT_EQ(card().Run(absl::Milliseconds(100)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(loaded_.As<float>(kOutput)[0], -1);  // nothing came
  ExpectRecovers();
  EXPECT_FALSE(ProcessExists(pid));
  EXPECT_NE(card().ProcessId(), pid);
}

TEST_P(EmulatedCard, ADesignReachesNeitherFilesNorNetwork) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers' cards may read files: see runtime/card_program/confinement.cpp";
#endif
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1, kReachOut));
  ASSERT_TRUE(card().Run(kLong).ok());
  ST_ASSERT_OK(loaded_.FromCard(kOutput));
  EXPECT_EQ(loaded_.As<float>(kOutput)[0], 0)
      << "neither while it is loaded (its constructors) nor in a launch";
  EXPECT_NE(access("/tmp/streamtensor-conformance", F_OK), 0);
}

TEST_P(EmulatedCard, TwoOpensOfOneIndexAreOneCard) {
  absl::StatusOr<std::unique_ptr<Card>> again = Card::Open(CardOf(GetParam()));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)->ProcessId(), card().ProcessId());
  ST_ASSERT_OK((*again)->LoadXclbin(EmulationXclbin(), kKernelName));  // it is there already
  const int64_t pid = card().ProcessId();
  ST_ASSERT_OK((*again)->Reset());
  EXPECT_NE((*again)->ProcessId(), pid);
  ASSERT_NO_FATAL_FAILURE(ExpectRecovers());
  again->reset();
  EXPECT_TRUE(ProcessExists(card().ProcessId()));

  const Kind& kind = GetParam();
  for (const Kind& other : {Kind{"", !kind.strict, kind.threads}, Kind{"", kind.strict, 3 - kind.threads}}) {
    const absl::Status status = Card::Open(CardOf(other)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  }
}

TEST_P(EmulatedCard, TwoIndicesAreTwoCards) {
  LoadedCard other;
  ASSERT_NO_FATAL_FAILURE(other.Open(CardOf(GetParam(), 1)));
  EXPECT_NE(other.card().ProcessId(), card().ProcessId());
  EXPECT_EQ(card().SetArgument(kInput, other.buffer(kInput)).code(), absl::StatusCode::kInvalidArgument);
  kill(static_cast<pid_t>(other.card().ProcessId()), SIGKILL);
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  EXPECT_TRUE(card().Run(kLong).ok());
  loaded_.ExpectOutput(1);
}

TEST_P(EmulatedCard, ABankHoldsAsMuchAsItHas) {
  constexpr uint64_t kBankBytes = 512ull << 20;
  const absl::Status status = card().Allocate(kInput, kBankBytes).status();  // the input is in there too
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(status.message()).find("bank 1"), std::string::npos) << status;
  for (int i = 0; i < 3; ++i) {
    const auto buffer = card().Allocate(kInput, kBankBytes - 4096);
    EXPECT_TRUE(buffer.ok()) << buffer.status();  // freed each time
  }
}

TEST_P(EmulatedCard, ABufferTooSmallForItsArgumentIsAnError) {
  const auto small = card().Allocate(kOutput, ArgumentBytes()[kOutput] - 4);
  ASSERT_TRUE(small.ok()) << small.status();
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ST_ASSERT_OK(card().SetArgument(kOutput, **small));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("output"), std::string::npos) << status;
}

TEST_P(EmulatedCard, PagesBeyondThePoolAreAnError) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  loaded_.As<uint32_t>(kDescriptor)[4] = 2;  // the pool holds one
  ST_ASSERT_OK(loaded_.ToCard(kDescriptor));
  const absl::Status status = card().Run(kLong).status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(std::string(status.message()).find("2 pages"), std::string::npos) << status;
}

TEST_P(EmulatedCard, IdleItUsesNoProcessorTime) {
  ASSERT_NO_FATAL_FAILURE(loaded_.SendStep(1));
  ASSERT_TRUE(card().Run(kLong).ok());
  const uint64_t before = CpuTicks(card().ProcessId());
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_LE(CpuTicks(card().ProcessId()) - before, 1u);
}

INSTANTIATE_TEST_SUITE_P(Kind, EmulatedCard,
                         testing::Values(Kind{"Strict", true, 1}, Kind{"Shared", false, 1},
                                         Kind{"TwoThreads", true, 2}),
                         [](const auto& instance) { return instance.param.name; });

TEST(EmulatedCardLife, ClosingLeavesNothing) {
  LoadedCard warm;  // whatever stays open for good is opened now
  ASSERT_NO_FATAL_FAILURE(warm.Open(Options(kDriver, true, 5)));
  const int descriptors = OpenDescriptors();
  for (int i = 0; i < 3; ++i) {
    int64_t pid = 0;
    {
      LoadedCard loaded;
      ASSERT_NO_FATAL_FAILURE(loaded.Open(Options(kDriver)));
      pid = loaded.card().ProcessId();
      EXPECT_TRUE(ProcessExists(pid));
    }
    EXPECT_FALSE(ProcessExists(pid));
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

// The card watches its socket: no host, no card, even in the middle of a launch.
TEST(EmulatedCardLife, EndsWithItsHost) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t host = fork();
  if (host == 0) {
    LoadedCard loaded;
    loaded.Open(Options(kDriver, true, 9));
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

TEST(EmulatedCardLife, SaysWhatIsMissing) {
  CardOptions options = Options(kDriver);
  options.card_program = "/nowhere/streamtensor-card";
  absl::Status status = Card::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(status.message()).find("/nowhere/streamtensor-card"), std::string::npos) << status;

  options = Options(kDriver);
  options.card_program = "/bin/true";
  status = Card::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find("/bin/true"), std::string::npos) << status;

  options = Options(kDriver);
  options.module_dir = "/nowhere";
  status = Card::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(status.message()).find("/nowhere/card_emulated.so"), std::string::npos) << status;

  options = Options(kDriver);
  options.card.index = 1000;
  EXPECT_EQ(Card::Open(options).status().code(), absl::StatusCode::kNotFound);
  options = Options(kDriver);
  options.card.bdf = "0000:01:00.1";
  EXPECT_EQ(Card::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  for (const uint32_t threads : {0u, 3u}) {
    options = Options(kDriver);
    options.card.threads = threads;
    status = Card::Open(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_NE(std::string(status.message()).find("threads"), std::string::npos) << status;
  }
  options = Options(CardConfig::Driver::kDummy);
  EXPECT_EQ(Card::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace conformance
