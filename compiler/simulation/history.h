// SPDX-License-Identifier: Apache-2.0
// How a moment came about: the sequence of causes on the critical path to it. Histories share what they have
// in common, and old parts are summed up, so that memory stays bounded.
#pragma once

#include <stddef.h>

#include <cstdint>
#include <map>
#include <vector>

namespace streamtensor::compiler {

// Not thread-safe.
class Histories {
 public:
  using Id = int32_t;
  static constexpr Id kNone = -1;

  // One more holder of `id`.
  Id Share(Id id) {
    if (id != kNone) ++nodes_[static_cast<size_t>(id)].holders;
    return id;
  }
  void Drop(Id id);
  // Takes over the holder of `id`: the history goes on with `cycles` of `cause`.
  Id Extend(Id id, int32_t cause, double cycles);
  // By cause.
  std::map<int32_t, double> Sums(Id id) const;

 private:
  struct Node {
    Id before = kNone;
    int32_t holders = 0;
    int32_t cause = 0;
    int32_t length = 1;  // nodes back to the last sum
    double cycles = 0;
    int32_t sum = -1;  // index of sums_: this node is a sum, and nothing is before it
  };
  // A history is summed up at this length.
  static constexpr int32_t kMaxLength = 1024;

  Id New();

  std::vector<Node> nodes_;
  std::vector<Id> unused_;
  std::vector<std::map<int32_t, double>> sums_;
  std::vector<int32_t> unused_sums_;
};

}  // namespace streamtensor::compiler
