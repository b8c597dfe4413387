// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::runtime::drivers {

// What a dummy card does instead of computing a decoder. Each token's row of the KV pages holds a hash of its
// sequence up to it, read and written through the step descriptor's page tables as a design would, and a row
// of logits depends on that hash alone: a scheduler that mixes up pages, slots or positions changes its
// tokens. Not thread-safe.
class HashModel {
 public:
  // A decoder's manifest.
  explicit HashModel(const artifact::v1::Manifest& manifest);

  // The KV pages, all unwritten.
  void SetPages(uint64_t pages);

  // [rows][vocabulary], must outlive its use in Run. Fills them with the same noise in every row; a run
  // rewrites the few logits of a row that stand out, so that a row costs next to nothing.
  void SetLogits(std::span<float> logits);

  // Takes a step descriptor and writes the logits and the status words (docs/architecture.md, section 3), all
  // of the sizes that a checked manifest guarantees. Stops at the first value that is out of range.
  void Run(std::span<const uint32_t> descriptor, std::span<uint32_t> status);

 private:
  static constexpr std::size_t kPeaks = 8;

  // Null if the page table names a page that doesn't exist.
  uint64_t* RowOf(std::span<const uint32_t> descriptor, uint32_t slot, uint32_t position);
  void WriteLogits(std::size_t row, uint64_t hash);

  const uint32_t vocabulary_, max_context_, page_tokens_, step_tokens_, max_pages_;
  std::vector<uint64_t> rows_;                          // [page][row]
  std::span<float> logits_;                             // [row][vocabulary]
  std::vector<std::array<std::size_t, kPeaks>> peaks_;  // per row, of the values in logits_
};

// A hash of 64 bits.
inline uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}
inline constexpr uint64_t kGoldenRatio = 0x9e3779b97f4a7c15ull;

}  // namespace streamtensor::runtime::drivers
