// SPDX-License-Identifier: Apache-2.0
// xclbins around the conformance design.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "artifact/xclbin/writer.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace conformance {

inline constexpr char kKernelName[] = "streamtensor_step";
inline constexpr double kClockHz = 250e6;

// Memory banks by argument; the pool's two arguments share one.
std::vector<uint32_t> Banks();
// Bytes that each argument needs.
std::vector<uint64_t> ArgumentBytes();

streamtensor::artifact::v1::Manifest SampleManifest();

// For the emulated card: the object at ST_CONFORMANCE_DESIGN, behind an index.
streamtensor::artifact::xclbin::WriterInput EmulationInput(std::vector<std::byte>* bitstream);
std::vector<std::byte> EmulationXclbin();
// For a real card, by its container; the bitstream is none, only XRT's noop device takes it.
std::vector<std::byte> HardwareXclbin();
// For software emulation (XCLBIN_SW_EMU) on the platform of that name.
std::vector<std::byte> EmulationXclbinFor(const std::string& vbnv);

std::vector<std::byte> ReadFileBytes(const std::string& path);

}  // namespace conformance
