// SPDX-License-Identifier: Apache-2.0
// From options to a decoder or executable: which card, and whether the artifact is one for it.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "base/status_macros.h"
#include "runtime/executable/card_decoder.h"
#include "runtime/executable/card_executable.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/driver.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Manifest;

// An artifact runs on the kind of card it was compiled for.
absl::Status CheckTarget(const std::string& folder, const Manifest& manifest, const Driver& driver,
                         const CardConfig& card) {
  const bool hardware = manifest.target() == Manifest::TARGET_HW;
  if (driver.target != (hardware ? "hw" : "emulation")) {
    return absl::InvalidArgumentError(absl::StrCat("artifact ", folder, " is compiled for ",
                                                   hardware ? "hardware" : "emulation",
                                                   ", the card's driver is ", std::string(driver.name),
                                                   ": compile with --target ", std::string(driver.target)));
  }
  if (manifest.platform() != card.platform) {
    return absl::InvalidArgumentError(absl::StrCat("artifact ", folder, " is compiled for platform ",
                                                   manifest.platform(), ", the card is configured as ",
                                                   card.platform));
  }
  return absl::OkStatus();
}

absl::Status CheckDecoder(const std::string& folder, const Manifest& manifest) {
  if (manifest.has_decoder()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("artifact ", folder, " holds the module ", manifest.model_name(), ", not a decoder"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Decoder>> OpenDecoder(const DecoderOptions& options) {
  ASSIGN_OR_RETURN(const Driver* const driver, FindDriver(options.card.driver));
  std::unique_ptr<artifact::Artifact> files;
  Manifest manifest;
  if (driver->runs_designs) {
    ASSIGN_OR_RETURN(files, artifact::Artifact::Open(options.artifact));
    manifest = files->manifest();
  } else {
    ASSIGN_OR_RETURN(manifest, artifact::Artifact::ReadManifest(options.artifact));
  }
  RETURN_IF_ERROR(CheckDecoder(options.artifact, manifest));
  if (driver->runs_designs) RETURN_IF_ERROR(CheckTarget(options.artifact, manifest, *driver, options.card));
  ASSIGN_OR_RETURN(CardOpener open, driver->opener(options.card));
  return OpenCardDecoder(*driver, std::move(open), std::move(manifest), std::move(files), options);
}

absl::StatusOr<std::unique_ptr<Executable>> OpenExecutable(const ExecutableOptions& options) {
  ASSIGN_OR_RETURN(const Driver* const driver, FindDriver(options.card.driver));
  if (!driver->runs_designs) {
    return absl::InvalidArgumentError(absl::StrCat("a card of driver ", std::string(driver->name),
                                                   " runs no designs: it only pretends to decode"));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<artifact::Artifact> artifact, artifact::Artifact::Open(options.artifact));
  if (artifact->is_decoder()) {
    return absl::InvalidArgumentError(absl::StrCat("artifact ", options.artifact, " holds the decoder ",
                                                   artifact->manifest().model_name(), ", not a module"));
  }
  RETURN_IF_ERROR(CheckTarget(options.artifact, artifact->manifest(), *driver, options.card));
  ASSIGN_OR_RETURN(const CardOpener open, driver->opener(options.card));
  return OpenCardExecutable(open, std::move(artifact));
}

}  // namespace streamtensor::runtime
