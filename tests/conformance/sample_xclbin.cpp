// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/sample_xclbin.h"

#include <xclbin.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "artifact/manifest_writer.h"
#include "artifact/object_index.h"
#include "tests/artifact/xclbin/hbm_banks.h"
#include "tests/conformance/conformance_design.h"

namespace conformance {

using streamtensor::artifact::v1::Argument;
using streamtensor::artifact::v1::Manifest;
using streamtensor::artifact::xclbin::WriterInput;

namespace {

constexpr const char* kNames[kArguments] = {"descriptor", "status",    "input",     "output",
                                            "weights",    "pool_read", "pool_write"};
constexpr const char* kTypes[kArguments] = {"const uint32_t*", "uint32_t*",    "const float*", "float*",
                                            "const float*",    "const float*", "float*"};
constexpr Argument::Role kRoles[kArguments] = {
    Argument::ROLE_DESCRIPTOR, Argument::ROLE_STATUS, Argument::ROLE_INPUT,  Argument::ROLE_LOGITS,
    Argument::ROLE_WEIGHTS,    Argument::ROLE_K_READ, Argument::ROLE_K_WRITE};

template <class T>
T OrThrow(absl::StatusOr<T> value) {
  if (!value.ok()) throw std::runtime_error(std::string(value.status().message()));
  return *std::move(value);
}

}  // namespace

std::vector<uint32_t> Banks() { return {0, 0, 1, 2, 3, 4, 4}; }

std::vector<uint64_t> ArgumentBytes() {
  constexpr uint64_t kRows = 4ull * kStepTokens * kWidth, kRow = 4ull * kWidth;
  return {4ull * kDescriptorWords, 64, kRows, kRows, kRow, kRow, kRow};
}

Manifest SampleManifest() {
  Manifest manifest;
  manifest.set_format_version(1);
  manifest.set_model_name("conformance");
  manifest.set_target(Manifest::TARGET_EMULATION);
  manifest.set_platform("u55c");
  manifest.mutable_kernel()->set_name(kKernelName);
  for (int i = 0; i < kArguments; ++i) {
    Argument* argument = manifest.mutable_kernel()->add_arguments();
    argument->set_index(static_cast<uint32_t>(i));
    argument->set_name(kNames[i]);
    argument->set_role(kRoles[i]);
    argument->set_bank(Banks()[i]);
    argument->set_bytes(ArgumentBytes()[i]);
  }
  manifest.mutable_launch()->set_descriptor_version(1);
  manifest.mutable_launch()->set_step_tokens(kStepTokens);
  manifest.mutable_launch()->set_step_logits(kStepTokens);
  manifest.mutable_launch()->set_header_words(16);
  manifest.mutable_launch()->set_token_words(8);
  manifest.mutable_launch()->set_max_pages(kMaxPages);
  manifest.mutable_decoder()->set_vocabulary(kWidth);
  manifest.mutable_decoder()->set_max_context(32 * kMaxPages);
  manifest.mutable_decoder()->mutable_kv()->set_page_tokens(32);
  auto* timing = manifest.mutable_timing();
  timing->set_clock_hz(kClockHz);
  timing->set_launch_cycles(100);
  for (int t = 1; t <= kStepTokens; ++t) timing->add_step_cycles(1000 + 10 * static_cast<uint64_t>(t));
  timing->set_logits_cycles(7);
  timing->set_context_page_cycles(3);
  timing->set_static_watts(28);
  timing->set_dynamic_joules_per_step_byte(1e-9);
  timing->set_bytes_per_step(1000);
  timing->set_bytes_per_context_page(10);
  return manifest;
}

std::vector<std::byte> ReadFileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("can't read " + path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return std::vector<std::byte>(begin, begin + text.size());
}

WriterInput EmulationInput(std::vector<std::byte>* bitstream) {
  const std::vector<std::byte> object = ReadFileBytes(ST_CONFORMANCE_DESIGN);
  const streamtensor::artifact::ObjectEntry entry = {std::string(streamtensor::artifact::kIsaV3), object};
  *bitstream = streamtensor::artifact::WriteObjectIndex({&entry, 1}).value();
  WriterInput input;
  input.platform = "u55c";
  input.part = "xcu55c-fsvh2892-2L-e";
  input.kernel = kKernelName;
  for (int i = 0; i < kArguments; ++i) input.arguments.push_back({kNames[i], kTypes[i], Banks()[i]});
  input.banks = HbmBanks();
  input.clock_hz = kClockHz;
  input.bitstream = *bitstream;
  input.user_metadata = OrThrow(streamtensor::artifact::ManifestToUserMetadata(SampleManifest()));
  input.compiler_version = "test";
  return input;
}

std::vector<std::byte> EmulationXclbin() {
  std::vector<std::byte> bitstream;
  return OrThrow(streamtensor::artifact::xclbin::WriteXclbin(EmulationInput(&bitstream)));
}

std::vector<std::byte> EmulationXclbinFor(const std::string& vbnv) {
  std::vector<std::byte> bytes = EmulationXclbin();
  axlf header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::memset(header.m_header.m_platformVBNV, 0, sizeof header.m_header.m_platformVBNV);
  vbnv.copy(reinterpret_cast<char*>(header.m_header.m_platformVBNV),
            sizeof header.m_header.m_platformVBNV - 1);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

std::vector<std::byte> HardwareXclbin() {
  std::vector<std::byte> bitstream;
  WriterInput input = EmulationInput(&bitstream);
  bitstream.assign(64, std::byte{0});
  input.bitstream = bitstream;
  input.emulation = false;
  input.vbnv = "xilinx_u55c_gen3x16_xdma_base_3";
  return OrThrow(streamtensor::artifact::xclbin::WriteXclbin(input));
}

}  // namespace conformance
