// SPDX-License-Identifier: Apache-2.0
#include "sample_artifact.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "artifact/artifact.h"
#include "artifact/manifest_writer.h"
#include "artifact/xclbin/writer.h"
#include "tests/artifact/xclbin/hbm_banks.h"

namespace streamtensor::artifact {

using v1::Argument;
using v1::Manifest;

SampleFolder::SampleFolder() {
  std::string path = testing::TempDir() + "artifact-XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  path_ = path;
}

SampleFolder::~SampleFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void SampleFolder::WriteFile(const std::string& name, const std::string& bytes) const {
  std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
  std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
}

std::string SampleFolder::ReadFile(const std::string& name) const {
  std::ifstream file(path_ + "/" + name, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

void SampleFolder::WriteArtifact(Manifest manifest, const v1::Tokenizer& tokenizer) const {
  std::vector<std::string> names = {"design.xclbin", "weights.bin"};
  WriteFile("design.xclbin", SampleXclbinOf(manifest, std::vector<std::byte>(64)));
  WriteFile("weights.bin", SampleWeights());
  if (manifest.has_decoder()) {
    WriteFile("tokenizer.bin", tokenizer.SerializeAsString());
    names.push_back("tokenizer.bin");
  }
  WriteFile("hls/design.cpp", "// emitted text\n");
  names.push_back("hls/design.cpp");
  const absl::Status status = WriteManifest(path_, names, &manifest);
  EXPECT_TRUE(status.ok()) << status;
}

void SampleFolder::ReplaceXclbin(const std::string& bytes) const {
  WriteFile("design.xclbin", bytes);
  Manifest manifest = *ManifestFromJson(ReadFile("manifest.json"));
  std::vector<std::string> names;
  for (const auto& file : manifest.files()) names.push_back(file.name());
  const absl::Status status = WriteManifest(path_, names, &manifest);
  EXPECT_TRUE(status.ok()) << status;
}

void SampleFolder::WriteManifestAsIs(const Manifest& manifest) const {
  WriteFile("manifest.json", *ManifestToJson(manifest));
}

namespace {

Argument* Add(Manifest& manifest, const std::string& name, Argument::Role role, uint32_t bank,
              uint64_t bytes) {
  Argument* const argument = manifest.mutable_kernel()->add_arguments();
  argument->set_index(static_cast<uint32_t>(manifest.kernel().arguments_size() - 1));
  argument->set_name(name);
  argument->set_role(role);
  argument->set_bank(bank);
  argument->set_bytes(bytes);
  return argument;
}

Manifest Head(const std::string& name, uint32_t max_pages) {
  Manifest manifest;
  manifest.set_format_version(1);
  manifest.set_model_name(name);
  manifest.set_compiler_version("test");
  manifest.set_target(Manifest::TARGET_EMULATION);
  manifest.set_platform("u55c");
  manifest.mutable_kernel()->set_name("streamtensor_step");
  auto& launch = *manifest.mutable_launch();
  launch.set_descriptor_version(1);
  launch.set_step_tokens(4);
  launch.set_step_logits(4);
  launch.set_header_words(16);
  launch.set_token_words(8);
  launch.set_max_pages(max_pages);
  auto& timing = *manifest.mutable_timing();
  timing.set_clock_hz(250e6);
  timing.set_launch_cycles(500);
  for (int t = 1; t <= 4; ++t) timing.add_step_cycles(static_cast<uint64_t>(1000 * t));
  timing.set_logits_cycles(100);
  timing.set_context_page_cycles(10);
  timing.set_static_watts(20);
  timing.set_dynamic_joules_per_step_byte(1e-10);
  timing.set_bytes_per_step(16384);
  timing.set_bytes_per_context_page(4096);
  return manifest;
}

}  // namespace

Manifest SampleDecoderManifest() {
  Manifest manifest = Head("sample", 8);
  auto& decoder = *manifest.mutable_decoder();
  decoder.set_architecture("llama");
  decoder.set_layers(2);
  decoder.set_hidden(32);
  decoder.set_vocabulary(50);
  decoder.set_query_heads(2);
  decoder.set_kv_heads(1);
  decoder.set_head_dim(16);
  decoder.set_max_context(250);
  decoder.mutable_kv()->set_page_tokens(32);
  decoder.mutable_kv()->set_page_bytes(2 * 1 * 32 * 16 * 2);
  const uint64_t page_bytes = decoder.kv().page_bytes();
  Add(manifest, "descriptor", Argument::ROLE_DESCRIPTOR, 0, 4 * (16 + 8 * 4 + 4 * 8));
  Add(manifest, "status", Argument::ROLE_STATUS, 0, 64);
  Add(manifest, "logits", Argument::ROLE_LOGITS, 1, 4 * 4 * 50)->set_width(50);
  Add(manifest, "weights_0", Argument::ROLE_WEIGHTS, 2, 4096)->set_file_offset(0);
  Add(manifest, "weights_1", Argument::ROLE_WEIGHTS, 3, 4000)->set_file_offset(4096);
  Add(manifest, "k_read", Argument::ROLE_K_READ, 4, page_bytes);
  Add(manifest, "v_read", Argument::ROLE_V_READ, 5, page_bytes);
  Add(manifest, "k_write", Argument::ROLE_K_WRITE, 4, page_bytes);
  Add(manifest, "v_write", Argument::ROLE_V_WRITE, 5, page_bytes);
  Add(manifest, "rope", Argument::ROLE_CONSTANTS, 6, 2048)->set_file_offset(8192);
  Add(manifest, "norm", Argument::ROLE_CONSTANTS, 7, 4096)->set_file_offset(12288);
  return manifest;
}

Manifest SampleModuleManifest() {
  Manifest manifest = Head("mlp", 0);
  manifest.mutable_launch()->set_step_logits(0);
  Add(manifest, "descriptor", Argument::ROLE_DESCRIPTOR, 0, 4 * (16 + 8 * 4));
  Add(manifest, "status", Argument::ROLE_STATUS, 0, 64);
  Add(manifest, "x", Argument::ROLE_INPUT, 0, 4 * 4 * 8)->set_width(8);
  Add(manifest, "y", Argument::ROLE_OUTPUT, 1, 4 * 4 * 8)->set_width(8);
  Add(manifest, "weights_0", Argument::ROLE_WEIGHTS, 2, 4096)->set_file_offset(0);
  return manifest;
}

v1::Tokenizer SampleTokenizer() {
  v1::Tokenizer tokenizer;
  tokenizer.set_format_version(1);
  tokenizer.set_kind(v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
  tokenizer.set_pre_tokenizer(v1::Tokenizer::PRE_TOKENIZER_WORDS);
  for (int i = 0; i < 50; ++i) tokenizer.add_pieces()->set_text(std::string(1, static_cast<char>('!' + i)));
  tokenizer.set_eos_token_id(2);
  return tokenizer;
}

std::string SampleXclbinOf(const Manifest& manifest, std::span<const std::byte> bitstream) {
  xclbin::WriterInput input;
  input.platform = "u55c";
  input.part = "xcu55c-fsvh2892-2L-e";
  input.emulation = manifest.target() != Manifest::TARGET_HW;
  if (!input.emulation) input.vbnv = "xilinx_u55c_gen3x16_xdma_base_3";
  input.kernel = manifest.kernel().name();
  for (const Argument& argument : manifest.kernel().arguments()) {
    input.arguments.push_back({argument.name(), "uint*", argument.bank()});
  }
  input.banks = HbmBanks();
  input.clock_hz = 250e6;
  input.bitstream = bitstream;
  input.user_metadata = *ManifestToUserMetadata(manifest);
  input.compiler_version = "test";
  const auto file = xclbin::WriteXclbin(input);
  EXPECT_TRUE(file.ok()) << file.status();
  return std::string(reinterpret_cast<const char*>(file->data()), file->size());
}

std::string SampleWeights() {
  std::string bytes(16384, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7 % 251);
  return bytes;
}

}  // namespace streamtensor::artifact
