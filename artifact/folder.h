// SPDX-License-Identifier: Apache-2.0
// The file names of an artifact's folder and the versions of their formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace streamtensor::artifact {

inline constexpr char kXclbinName[] = "design.xclbin";
inline constexpr char kWeightsName[] = "weights.bin";
inline constexpr char kManifestName[] = "manifest.json";
inline constexpr char kTokenizerName[] = "tokenizer.bin";
// The design's source, and what builds it for a card.
inline constexpr char kHlsFolder[] = "hls/";
// The manifest as written by compilation for a card, with the entries of weights.bin and tokenizer.bin,
// which v++ never sees; the xclbin carries it as USER_METADATA.
inline constexpr char kUserMetadataName[] = "hls/user_metadata.json";
// The compiler's reports about the design.
inline constexpr char kReportsFolder[] = "reports/";

inline constexpr uint32_t kManifestVersion = 1;
inline constexpr uint32_t kTokenizerVersion = 1;
// For tokenizers with `splits` or a later field: a reader of version 1 would split text differently.
inline constexpr uint32_t kTokenizerSplitsVersion = 2;
// For another kind than byte-level BPE, or white space that goes with a token.
inline constexpr uint32_t kTokenizerKindsVersion = 3;
// For text that goes through `steps`, and the kinds that came with them.
inline constexpr uint32_t kTokenizerStepsVersion = 4;

// The parsed message takes up to forty times as much memory.
inline constexpr std::size_t kMaxTokenizerBytes = std::size_t{32} << 20;

// Whether a manifest may list `name` in its files: a relative path in the folder itself, kHlsFolder or
// kReportsFolder.
bool IsArtifactFileName(std::string_view name);

}  // namespace streamtensor::artifact
