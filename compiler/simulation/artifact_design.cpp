// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/artifact_design.h"

#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "artifact/folder.h"
#include "base/status_macros.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/schedule/schedule_files.h"
#include "compiler/targets/artifact/object_build.h"

namespace streamtensor::compiler {

absl::StatusOr<SizedDesign> ScheduleArtifact(const std::string& folder, const std::string& platform) {
  ASSIGN_OR_RETURN(const artifact::v1::Manifest manifest, artifact::Artifact::ReadManifest(folder));
  const std::string source = absl::StrCat(folder, "/", artifact::kHlsFolder, "design.cpp");
  std::error_code error;
  if (!std::filesystem::is_regular_file(source, error)) {
    return absl::NotFoundError(
        absl::StrCat(source, ": no such file; an artifact has the design's text there"));
  }
  ASSIGN_OR_RETURN(const Platform card, FindPlatform(platform.empty() ? manifest.platform() : platform));
  ASSIGN_OR_RETURN(const std::string kernels, FindKernels());
  ASSIGN_OR_RETURN(const std::string costs_file, schedule::FindDeviceCosts());
  ASSIGN_OR_RETURN(const schedule::DeviceCosts costs, schedule::ReadDeviceCosts(costs_file));
  return SizedDesign::Schedule(source, kernels, manifest, card, costs);
}

}  // namespace streamtensor::compiler
