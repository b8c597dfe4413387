// SPDX-License-Identifier: Apache-2.0
// From options to a decoder or module: which card, and whether the artifact is one for it.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "runtime/session/card_decoder.h"
#include "runtime/session/card_module.h"
#include "runtime/session/driver_card.h"
#include "runtime/session/dummy_decoder.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/module.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Manifest;

// An artifact runs on the kind of card it was compiled for.
absl::Status CheckTarget(const std::string& folder, const Manifest& manifest, const CardConfig& card) {
  const bool emulated = card.driver == CardConfig::Driver::kEmulated;
  if (emulated != (manifest.target() == Manifest::TARGET_EMULATION)) {
    return absl::InvalidArgumentError(
        absl::StrCat("artifact ", folder, " is compiled for ", emulated ? "hardware" : "emulation",
                     ", the card's driver is ", emulated ? "emulated" : "xrt", ": compile with --target ",
                     emulated ? "emulation" : "hw"));
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
  if (options.card.driver == CardConfig::Driver::kDummy) {
    const absl::StatusOr<Manifest> manifest = artifact::Artifact::ReadManifest(options.artifact);
    if (!manifest.ok()) return manifest.status();
    if (absl::Status status = CheckDecoder(options.artifact, *manifest); !status.ok()) return status;
    return OpenDummyDecoder(*manifest, options);
  }
  absl::StatusOr<std::unique_ptr<artifact::Artifact>> artifact = artifact::Artifact::Open(options.artifact);
  if (!artifact.ok()) return artifact.status();
  const Manifest& manifest = (*artifact)->manifest();
  if (absl::Status status = CheckDecoder(options.artifact, manifest); !status.ok()) return status;
  if (absl::Status status = CheckTarget(options.artifact, manifest, options.card); !status.ok())
    return status;
  return OpenCardDecoder(*std::move(artifact), DriverCardOpener(options), options);
}

absl::StatusOr<std::unique_ptr<Module>> OpenModule(const DecoderOptions& options) {
  if (options.card.driver == CardConfig::Driver::kDummy) {
    return absl::InvalidArgumentError("the dummy card runs no modules, it only pretends to decode");
  }
  absl::StatusOr<std::unique_ptr<artifact::Artifact>> artifact = artifact::Artifact::Open(options.artifact);
  if (!artifact.ok()) return artifact.status();
  const Manifest& manifest = (*artifact)->manifest();
  if ((*artifact)->is_decoder()) {
    return absl::InvalidArgumentError(absl::StrCat("artifact ", options.artifact, " holds the decoder ",
                                                   manifest.model_name(), ", not a module"));
  }
  if (absl::Status status = CheckTarget(options.artifact, manifest, options.card); !status.ok())
    return status;
  return OpenCardModule(*std::move(artifact), DriverCardOpener(options));
}

}  // namespace streamtensor::runtime
