// SPDX-License-Identifier: Apache-2.0
// The manifest of a design: launch interface and arguments, from the IR and the packed weights.
#pragma once

#include <optional>
#include <string>

#include "compiler/targets/hls/packing_request.h"
#include "compiler/targets/weights/packing_plan.h"
#include "mlir/Support/LogicalResult.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

struct ManifestInputs {
  std::string model_name;
  std::string compiler_version;
  std::string platform;
  artifact::v1::Manifest::Target target = artifact::v1::Manifest::TARGET_EMULATION;
  // Of a decoder; its `kv` is filled in here.
  std::optional<artifact::v1::Decoder> decoder;
  artifact::v1::TimingModel timing;
  artifact::v1::Quantisation quantisation;  // empty: nothing was quantised on request
};

// Everything but `files`. Fails with a diagnostic if the design does not have this launch interface.
mlir::FailureOr<artifact::v1::Manifest> BuildManifest(dataflow::DesignOp design,
                                                      const hls::PackingRequest& packing,
                                                      const WeightLayout& layout,
                                                      const ManifestInputs& inputs);

// Bytes of one KV page in one pool; 0 without a decoder.
uint64_t KvPageBytes(const std::optional<artifact::v1::Decoder>& decoder);

}  // namespace streamtensor::compiler
