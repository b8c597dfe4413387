// SPDX-License-Identifier: Apache-2.0
// What an artifact's folder holds: names of files, versions of their formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace streamtensor::artifact {

inline constexpr char kXclbinName[] = "design.xclbin";
inline constexpr char kWeightsName[] = "weights.bin";
inline constexpr char kManifestName[] = "manifest.json";
inline constexpr char kTokenizerName[] = "tokenizer.bin";
// The design's text, and what builds it for a card.
inline constexpr char kHlsFolder[] = "hls/";
// The manifest as compilation for a card left it, with the entries of weights.bin and tokenizer.bin, which
// v++ never sees; the xclbin carries it as its USER_METADATA.
inline constexpr char kUserMetadataName[] = "hls/user_metadata.json";
// What the compiler tells about the design.
inline constexpr char kReportsFolder[] = "reports/";

inline constexpr uint32_t kManifestVersion = 1;
inline constexpr uint32_t kTokenizerVersion = 1;
// Of a tokenizer with `splits` or a later field: a reader of version 1 would split text otherwise.
inline constexpr uint32_t kTokenizerSplitsVersion = 2;

// The message takes up to forty times that.
inline constexpr std::size_t kMaxTokenizerBytes = std::size_t{32} << 20;

// Whether `name` may stand in a manifest's files: relative, one level, in kHlsFolder, kReportsFolder or
// neither.
bool IsArtifactFileName(std::string_view name);

}  // namespace streamtensor::artifact
