// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "artifact/artifact.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/card.h"

namespace streamtensor::runtime {

// The buffers of a design's kernel arguments: allocated, filled from weights.bin and set on the card.
class ArgumentBuffers {
 public:
  // `pages` of K and of V (decoders). `files`: where weights and constants come from; null: nothing is
  // uploaded. All that is passed outlives the result.
  static absl::StatusOr<ArgumentBuffers> Upload(const artifact::v1::Kernel& kernel,
                                                const artifact::Artifact* files, int64_t pages, Card& card);

  // The first argument of `role`, which the artifact's checks guarantee for the roles of its kind.
  CardBuffer& Of(artifact::v1::Argument::Role role) { return *by_index_[IndexOf(role)]; }
  CardBuffer& At(uint32_t argument) { return *by_index_[argument]; }

  // The host's side of a buffer as 32-bit words or floats.
  template <class T>
  static std::span<T> As(CardBuffer& buffer) {
    const std::span<std::byte> bytes = buffer.host();
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

 private:
  explicit ArgumentBuffers(const artifact::v1::Kernel& kernel) : kernel_(&kernel) {}
  std::size_t IndexOf(artifact::v1::Argument::Role role) const;

  const artifact::v1::Kernel* kernel_;
  std::vector<std::unique_ptr<CardBuffer>> owned_;
  std::vector<CardBuffer*> by_index_;
};

}  // namespace streamtensor::runtime
