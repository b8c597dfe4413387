// SPDX-License-Identifier: Apache-2.0
// streamtensorc: compiles models to artifacts, looks at them, runs them.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "compiler/targets/artifact/object_build.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {
namespace {

constexpr char kUsage[] =
    "usage: streamtensorc COMMAND ...\n"
    "\n"
    "  compile MODEL -o DIR   compiles a model (.gguf, .mlir) to an artifact\n"
    "  inspect PATH           says what a model file or an artifact holds\n"
    "  run DIR                runs a compiled decoder or module on a card, without a daemon\n"
    "  package DIR            completes an artifact built for hardware\n"
    "\n"
    "  streamtensorc COMMAND --help says more. --version prints the version.\n";

int Main(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (command == "--version") {
    // The second line tells which kernel library designs would be built with.
    const absl::StatusOr<std::string> kernels = FindKernels();
    const absl::StatusOr<std::string> hash = kernels.ok() ? HashKernels(*kernels) : kernels.status();
    std::printf("streamtensorc %s\nkernels %s\n", ST_VERSION, hash.ok() ? hash->c_str() : "none");
    return 0;
  }
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "compile") return RunCompileCommand(rest);
  if (command == "inspect") return RunInspectCommand(rest);
  if (command == "run") return RunRunCommand(rest);
  if (command == "package") return RunPackageCommand(rest);
  if (command.empty()) {
    std::fputs(kUsage, stderr);
  } else {
    std::fprintf(stderr, "streamtensorc: unknown command '%s'; one of: compile, inspect, run, package\n",
                 command.c_str());
  }
  return 2;
}

}  // namespace

int Failed(const std::string& command, const absl::Status& status) {
  std::fprintf(stderr, "streamtensorc %s: %s\n", command.c_str(), std::string(status.message()).c_str());
  return 1;
}

int WrongUsage(const std::string& command, const absl::Status& status) {
  std::fprintf(stderr, "streamtensorc %s: %s (see streamtensorc %s --help)\n", command.c_str(),
               std::string(status.message()).c_str(), command.c_str());
  return 2;
}

}  // namespace streamtensor::compiler

int main(int argc, char** argv) {
  std::set_new_handler([] {
    std::fputs("streamtensorc: not enough memory\n", stderr);
    std::_Exit(1);
  });
  return streamtensor::compiler::Main(std::vector<std::string>(argv + 1, argv + argc));
}
