// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "compiler/driver/pipeline.h"
#include "compiler/tools/streamtensorc/command_line.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {

int RunPackageCommand(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word != "--help") continue;
    std::puts(
        "usage: streamtensorc package DIR --xclbin FILE\n\n"
        "  completes the artifact of target hw in DIR with the xclbin that v++ made");
    return 0;
  }
  absl::StatusOr<CommandLine> line = CommandLine::Parse(words, {{"DIR"}, {"--xclbin"}, {}});
  if (!line.ok()) return WrongUsage("package", line.status());
  if (!line->Has("--xclbin"))
    return WrongUsage("package", absl::InvalidArgumentError("--xclbin FILE is missing"));
  const absl::Status status = PackageHardware(line->positional(0), line->Text("--xclbin", ""));
  return status.ok() ? 0 : Failed("package", status);
}

}  // namespace streamtensor::compiler
