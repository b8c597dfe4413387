// SPDX-License-Identifier: Apache-2.0
// A manifest's JSON: manifest.json of an artifact, and USER_METADATA of its xclbin.
#include "artifact/artifact.h"
#include "artifact/manifest_writer.h"
#include "artifact/timing_model.h"
#include "tests/artifact/sample_artifact.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  return {artifact::ManifestToJson(artifact::SampleDecoderManifest()).value(),
          artifact::ManifestToJson(artifact::SampleModuleManifest()).value()};
}

bool Accepts(std::string_view input) {
  const auto manifest = artifact::ManifestFromJson(input);
  if (!manifest.ok()) return Refused(manifest.status());
  if (const auto status = artifact::CheckManifest(*manifest, 16384); !status.ok()) {
    return Refused(status, {"manifest.json: "});
  }
  for (const artifact::v1::Argument& argument : manifest->kernel().arguments()) {
    const bool in_file = argument.role() == artifact::v1::Argument::ROLE_WEIGHTS ||
                         argument.role() == artifact::v1::Argument::ROLE_CONSTANTS;
    Require(!in_file || argument.file_offset() + argument.bytes() <= 16384,
            "arguments lie within weights.bin");
  }
  const artifact::ModelledStep step =
      artifact::ModelStep(manifest->timing(), {1024, 1024, uint64_t{1} << 40});
  Require(step.seconds >= 0 && step.joules >= 0, "a modelled step takes time and energy, if any");
  const auto json = artifact::ManifestToJson(*manifest);
  Require(json.ok() && artifact::ManifestFromJson(*json).ok(), "what was read can be written and read again");
  return true;
}

}  // namespace streamtensor::fuzz
