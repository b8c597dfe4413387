// SPDX-License-Identifier: Apache-2.0
// A small decoder artifact (2 layers, 50 tokens) and a general module's, written to a folder of
// their own. The xclbin holds no design: these test what happens around the card.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::artifact {

// A fresh folder under the test's temporary one, removed at the end.
class SampleFolder {
 public:
  SampleFolder();
  ~SampleFolder();
  SampleFolder(const SampleFolder&) = delete;
  SampleFolder& operator=(const SampleFolder&) = delete;

  const std::string& path() const { return path_; }
  void WriteFile(const std::string& name, const std::string& bytes) const;
  std::string ReadFile(const std::string& name) const;

  // Writes xclbin, weights.bin, tokenizer.bin (decoders) and the manifest that describes them.
  void WriteArtifact(v1::Manifest manifest, const v1::Tokenizer& tokenizer) const;
  // Writes `bytes` as the xclbin of an artifact that is there already; its manifest's entry follows.
  void ReplaceXclbin(const std::string& bytes) const;
  // Writes the manifest alone, as it is, hashes and all.
  void WriteManifestAsIs(const v1::Manifest& manifest) const;

 private:
  std::string path_;
};

// step_tokens 4, step_logits 4, 8 pages of 32 a sequence, 2 weight channels, 2 tables.
v1::Manifest SampleDecoderManifest();
// Input and output 8 wide, step_tokens 4.
v1::Manifest SampleModuleManifest();
v1::Tokenizer SampleTokenizer();
// An xclbin that carries `manifest`, for the target that it names.
std::string SampleXclbinOf(const v1::Manifest& manifest, std::span<const std::byte> bitstream);
// 16 KiB, byte i is i * 7 mod 251.
std::string SampleWeights();

}  // namespace streamtensor::artifact
