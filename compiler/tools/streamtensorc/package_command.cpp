// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "compiler/driver/package_hardware.h"
#include "compiler/tools/streamtensorc/command_line.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {

int RunPackageCommand(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word != "--help") continue;
    std::puts(
        "usage: streamtensorc package DIR --xclbin FILE\n\n"
        "  completes the artifact of target hw in DIR with the xclbin that v++ made: checks that platform, "
        "kernel,\n"
        "  arguments, banks and the manifest inside are those of DIR, copies it, and writes manifest.json");
    return 0;
  }
  absl::StatusOr<CommandLine> line = CommandLine::Parse(words, {{"DIR"}, {"--xclbin"}, {}});
  if (!line.ok()) return WrongUsage("package", line.status());
  if (!line->Has("--xclbin"))
    return WrongUsage("package", absl::InvalidArgumentError("--xclbin FILE is missing"));
  const absl::Status status = PackageHardware(line->positional(0), line->Text("--xclbin", ""));
  if (!status.ok()) return Failed("package", status);
  std::fprintf(stderr, "streamtensorc package: %s is complete\n", line->positional(0).c_str());
  return 0;
}

}  // namespace streamtensor::compiler
