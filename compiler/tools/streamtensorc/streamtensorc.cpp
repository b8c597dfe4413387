// SPDX-License-Identifier: Apache-2.0
// streamtensorc: compiles models to artifacts, looks at them, runs them.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <thread>

#include "base/program.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/artifact/artifact_folder.h"
#include "compiler/targets/artifact/object_build.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {
namespace {

// Lines two and three tell what else goes into an artifact: the kernel library and the card models.
std::string Version() {
  const absl::StatusOr<std::string> kernels = FindKernels();
  const absl::StatusOr<std::string> hash = kernels.ok() ? HashKernels(*kernels) : kernels.status();
  const absl::StatusOr<std::string> platforms = HashPlatforms();
  return std::string(ST_VERSION) + "\nkernels " + (hash.ok() ? *hash : "none") + "\nplatforms " +
         (platforms.ok() ? *platforms : "none");
}

// Kills what a process has started, and what that has: the C++ compiler is a driver and its stages.
void KillDescendants(pid_t process) {
  std::error_code error;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task", error)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) {
      KillDescendants(child);
      kill(child, SIGKILL);
    }
  }
}

// Leaves no folder and no child behind when a signal ends the program. To be called before there are other
// threads.
void CleanUpOnSignals() {
  // A file beyond its limit is an error of the write alone.
  signal(SIGXFSZ, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction current{};
    sigaction(number, nullptr, &current);
    if (current.sa_handler != SIG_IGN) sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int number = 0;
    if (sigwait(&signals, &number) != 0) return;
    KillDescendants(getpid());
    ArtifactFolder::RemoveUnfinished();
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    raise(number);
  }).detach();
}

}  // namespace

int Failed(const std::string& command, const absl::Status& status) {
  std::fprintf(stderr, "streamtensorc %s: %s\n", command.c_str(), std::string(status.message()).c_str());
  return 1;
}

}  // namespace streamtensor::compiler

int main(int argc, char** argv) {
  namespace st = streamtensor;
  std::set_new_handler([] {
    std::fputs("streamtensorc: not enough memory\n", stderr);
    std::_Exit(1);
  });
  st::compiler::CleanUpOnSignals();
  st::base::Program program("streamtensorc", "Compiles models to artifacts, looks at them, runs them.",
                            &st::compiler::Version);
  st::compiler::AddCompileCommand(program);
  st::compiler::AddInspectCommand(program);
  st::compiler::AddRunCommand(program);
  st::compiler::AddPackageCommand(program);
  st::compiler::AddReportCommand(program);
  st::compiler::AddExplainCommand(program);
  return program.Main(argc, argv);
}
