// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include "compiler/driver/package_hardware.h"
#include "compiler/tools/streamtensorc/commands.h"

namespace streamtensor::compiler {

namespace {

int Package(const std::string& folder, const std::string& xclbin) {
  const absl::Status status = PackageHardware(folder, xclbin);
  if (!status.ok()) return Failed("package", status);
  std::fprintf(stderr, "streamtensorc package: %s is complete\n", folder.c_str());
  return 0;
}

}  // namespace

void AddPackageCommand(base::Program& program) {
  struct Options {
    std::string folder, xclbin;
  };
  auto options = std::make_shared<Options>();
  CLI::App& app = program.AddCommand("package", "Complete an artifact built for hardware",
                                     [options] { return Package(options->folder, options->xclbin); });
  app.add_option("DIR", options->folder, "The folder that compile --target hw wrote")->required();
  app.add_option("--xclbin", options->xclbin, "What v++ made")->type_name("FILE")->required();
  app.footer(
      "Checks that platform, kernel, arguments, banks and the manifest inside the xclbin are those of DIR,\n"
      "copies it, and writes manifest.json.");
  base::AddExamples(app, {"streamtensorc package design --xclbin design/hls/design.xclbin"});
}

}  // namespace streamtensor::compiler
