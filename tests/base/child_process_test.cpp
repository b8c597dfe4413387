// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "tests/base/ended_process.h"
#include "tests/base/scratch_folder.h"

namespace streamtensor::base {
namespace {

using testing::ScratchFolder;
using Output = ChildOptions::Output;

ChildOptions Shell(const std::string& script) {
  ChildOptions options;
  options.arguments = {"sh", "-c", script};
  return options;
}

// Its exit, once it has run to its end.
ChildExit ExitOf(const ChildOptions& options) {
  const auto child = ChildProcess::Start(options);
  EXPECT_TRUE(child.ok()) << child.status();
  return child.ok() ? (*child)->Wait().value() : ChildExit{-1, 0};
}

// What a shell says on stdout.
std::string OutputOf(ChildOptions options) {
  ScratchFolder folder;
  options.out = Output::kLog;
  options.log = folder.path() + "/log";
  EXPECT_TRUE(ExitOf(options).ok());
  return testing::ReadText(options.log);
}

TEST(ChildProcess, TellsHowItEnded) {
  EXPECT_TRUE(ExitOf(Shell("exit 0")).ok());
  EXPECT_EQ(ExitOf(Shell("exit 3")).Describe(), "ended with code 3");
  EXPECT_EQ(ExitOf(Shell("kill -9 $$")).Describe(), "was killed by signal 9 (Killed)");
  EXPECT_FALSE(ExitOf(Shell("kill -9 $$")).ok());
}

TEST(ChildProcess, AProgramThatCantBeRun) {
  ScratchFolder folder;
  const std::string file = folder.path() + "/file";
  folder.Write("file", "text");
  for (const auto& [program, message] :
       {std::pair<std::string, std::string>{"/nowhere/program",
                                            "can't start /nowhere/program: No such file or directory"},
        {"no-program-of-this-name", "can't start no-program-of-this-name: it is not in PATH"},
        {file, "can't start " + file + ": Permission denied"}}) {
    ChildOptions options;
    options.arguments = {program};
    EXPECT_EQ(ChildProcess::Start(options).status(), absl::NotFoundError(message));
  }
}

TEST(ChildProcess, ALogOrFolderThatCantBeOpened) {
  ChildOptions options = Shell("true");
  options.log = "/nowhere/log";
  EXPECT_EQ(ChildProcess::Start(options).status().message(), "/nowhere/log: No such file or directory");
  options = Shell("true");
  options.folder = "/nowhere";
  EXPECT_EQ(ChildProcess::Start(options).status().message(), "/nowhere: No such file or directory");
}

TEST(ChildProcess, WaitsNoLongerThanItIsTold) {
  const auto child = ChildProcess::Start(Shell("exec sleep 1000"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_FALSE((*child)->Wait(absl::ZeroDuration()).has_value());
  EXPECT_FALSE((*child)->Wait(absl::Milliseconds(20)).has_value());
  (*child)->Kill();
  const std::optional<ChildExit> exit = (*child)->Wait(absl::Seconds(60));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->signal, SIGKILL);
  EXPECT_EQ((*child)->Wait(absl::ZeroDuration())->signal, SIGKILL) << "asked again";
  (*child)->Kill();  // does nothing
}

TEST(ChildProcess, IsKilledWithItsObject) {
  ScratchFolder folder;
  const std::string mark = folder.path() + "/pid";
  ChildOptions options = Shell("sleep 1000 & echo $! > " + mark + "; wait");
  options.own_group = true;
  pid_t pid;
  {
    const auto child = ChildProcess::Start(options);
    ASSERT_TRUE(child.ok()) << child.status();
    pid = (*child)->pid();
    while (testing::ReadText(mark).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_NE(kill(pid, 0), 0) << "collected";
  testing::ExpectEnds(std::atoi(testing::ReadText(mark).c_str()));
}

TEST(ChildProcess, WhatItStartedEndsWithIt) {
  ScratchFolder folder;
  const std::string mark = folder.path() + "/pid";
  ChildOptions options = Shell("sleep 1000 & echo $! > " + mark);
  options.own_group = true;
  EXPECT_TRUE(ExitOf(options).ok());
  testing::ExpectEnds(std::atoi(testing::ReadText(mark).c_str()));
}

TEST(ChildProcess, KeepsThePrivilegesThatItIsGiven) {
  using Privileges = ChildOptions::Privileges;
  const auto effective = [](Privileges privileges) {
    // A program that a program starts gains nothing.
    ChildOptions options = Shell("sh -c 'grep -E \"CapEff|CapPrm|NoNewPrivs\" /proc/self/status'; ulimit -c");
    options.privileges = privileges;
    return OutputOf(options);
  };
  const std::string none = "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n0\n";
  const std::string files = "CapPrm:\t0000000000000002\nCapEff:\t0000000000000002\nNoNewPrivs:\t1\n0\n";
  EXPECT_EQ(effective(Privileges::kNone), none);
  EXPECT_EQ(effective(Privileges::kFileAccess), geteuid() == 0 ? files : none);
  EXPECT_NE(effective(Privileges::kInherit).find("NoNewPrivs:\t0\n"), std::string::npos);
}

TEST(ChildProcess, SeesOnlyWhatItIsGiven) {
  setenv("SECRET_TOKEN", "x", 1);
  setenv("STREAMTENSOR_TEST_VALUE", "y", 1);
  const int open_file = open("/dev/null", O_RDONLY);  // not closed at exec
  ChildOptions options =
      Shell("echo ${SECRET_TOKEN-none} $STREAMTENSOR_TEST_VALUE; ls /proc/self/fd | wc -l; cat");
  options.environment = EnvironmentWith({"PATH=", "STREAMTENSOR_"});
  const std::string said = OutputOf(options);
  close(open_file);
  EXPECT_EQ(said, "none y\n4\n") << "stdin, stdout, stderr and the folder itself";
  EXPECT_EQ(OutputOf(Shell("echo $SECRET_TOKEN")), "x\n") << "all of it, where nothing else is said";
}

TEST(ChildProcess, GetsDescriptorsUnderTheirNumbers) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  FileDescriptor here(ends[0]), there(ends[1]);
  for (const int number : {3, 7, here.get(), there.get()}) {
    if (number < 3) continue;
    ChildOptions options = Shell("echo hello >&" + std::to_string(number));
    if (number > 9) continue;  // dash takes one digit
    options.descriptors = {{there.get(), number}};
    EXPECT_TRUE(ExitOf(options).ok()) << number;
    char text[16] = {};
    EXPECT_EQ(read(here.get(), text, sizeof(text)), 6) << number;
    EXPECT_STREQ(text, "hello\n");
  }
}

TEST(ChildProcess, LogsBothOutputsWithinItsFolder) {
  ScratchFolder folder;
  ChildOptions options = Shell("pwd; echo wrong >&2");
  options.folder = folder.path();
  options.out = options.err = Output::kLog;
  options.log = folder.path() + "/log";
  EXPECT_TRUE(ExitOf(options).ok());
  EXPECT_EQ(testing::ReadText(options.log), folder.path() + "\nwrong\n");
}

TEST(ChildProcess, HasLimits) {
  ChildOptions options = Shell("ulimit -v; ulimit -t; ulimit -c");
  options.limits = {int64_t{1} << 30, 100};
  EXPECT_EQ(OutputOf(options), "1048576\n100\n0\n");
}

TEST(ChildProcess, BeginsWithAFreshProgramsSignals) {
  signal(SIGUSR1, SIG_IGN);
  ChildOptions options = Shell("kill -USR1 $$; exit 5");
  EXPECT_EQ(ExitOf(options).Describe(), "ended with code 5");
  options.own_group = true;
  EXPECT_EQ(ExitOf(options).signal, SIGUSR1);
  signal(SIGUSR1, SIG_DFL);
}

TEST(ChildProcess, DiesWithTheThreadThatStartedIt) {
  ChildOptions options = Shell("exec sleep 1000");
  options.dies_with_parent = true;
  std::unique_ptr<ChildProcess> child;
  std::thread([&] { child = ChildProcess::Start(options).value(); }).join();
  const std::optional<ChildExit> exit = child->Wait(absl::Seconds(60));
  ASSERT_TRUE(exit.has_value());
  EXPECT_EQ(exit->signal, SIGKILL);
}

TEST(FindProgram, LooksInPath) {
  ScratchFolder folder;
  const std::string program = folder.path() + "/tool";
  folder.Write("tool", "#!/bin/sh\n");
  const std::string path = std::getenv("PATH");
  setenv("PATH", ("/nowhere::" + folder.path()).c_str(), 1);
  EXPECT_EQ(FindProgram("tool"), "") << "not executable";
  chmod(program.c_str(), 0755);
  EXPECT_EQ(FindProgram("tool"), program);
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(FindProgram("/any/path"), "/any/path");
}

}  // namespace
}  // namespace streamtensor::base
