// SPDX-License-Identifier: Apache-2.0
// streamtensorc: compiles models to artifacts, looks at them, runs them.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>

#include "base/program.h"
#include "compiler/platform/platform_folders.h"
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
  st::base::Program program("streamtensorc", "Compiles models to artifacts, looks at them, runs them.",
                            &st::compiler::Version);
  st::compiler::AddCompileCommand(program);
  st::compiler::AddInspectCommand(program);
  st::compiler::AddRunCommand(program);
  st::compiler::AddPackageCommand(program);
  return program.Main(argc, argv);
}
