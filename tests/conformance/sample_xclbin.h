// SPDX-License-Identifier: Apache-2.0
// xclbins around the conformance design.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "artifact/xclbin/writer.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/card.h"

namespace conformance {

inline constexpr char kKernelName[] = "streamtensor_step";
inline constexpr double kClockHz = 250e6;

// Memory banks by argument; the pool's two arguments share one.
std::vector<uint32_t> Banks();
// Bytes that each argument needs.
std::vector<uint64_t> ArgumentBytes();

// A decoder's, as far as cards look: its output is the logits of a vocabulary of kWidth.
streamtensor::artifact::v1::Manifest SampleManifest();

// Owns what a Design views.
class SampleDesign {
 public:
  SampleDesign(streamtensor::artifact::v1::Manifest manifest, std::vector<std::byte> xclbin)
      : manifest_(std::move(manifest)), xclbin_(std::move(xclbin)) {}
  streamtensor::runtime::Design view() const { return {.manifest = manifest_, .xclbin = xclbin_}; }

 private:
  streamtensor::artifact::v1::Manifest manifest_;
  std::vector<std::byte> xclbin_;
};

// For the emulated card: the object at ST_CONFORMANCE_DESIGN, behind an index.
streamtensor::artifact::xclbin::WriterInput EmulationInput(std::vector<std::byte>* bitstream);
std::vector<std::byte> EmulationXclbin();
// For a real card, by its container; the bitstream is none, only XRT's noop device takes it.
std::vector<std::byte> HardwareXclbin();
// For software emulation (XCLBIN_SW_EMU) on the platform of that name.
std::vector<std::byte> EmulationXclbinFor(const std::string& vbnv);

std::vector<std::byte> ReadFileBytes(const std::string& path);

}  // namespace conformance
