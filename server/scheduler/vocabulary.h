// SPDX-License-Identifier: Apache-2.0
// What the scheduler needs to know about a model's tokens: their bytes and their role in a reply.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace streamtensor::server {

// Immutable and thread-safe.
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;
  virtual uint32_t size() const = 0;
  virtual std::string_view PieceBytes(uint32_t id) const = 0;
  // Control tokens are never part of a reply's text.
  virtual bool IsControl(uint32_t id) const = 0;
  virtual std::span<const uint32_t> end_of_generation() const = 0;
};

}  // namespace streamtensor::server
