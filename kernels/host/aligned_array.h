// SPDX-License-Identifier: Apache-2.0
// Host only: an array aligned as buffers of a card are. C++14's new ignores
// alignas(64), so arrays of words must not come from it.
#ifndef ST_HOST_ALIGNED_ARRAY_H
#define ST_HOST_ALIGNED_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../contract/memory.h"

namespace st {
namespace host {

template <class T>
class AlignedArray {
 public:
  // `count` elements of zero bytes.
  explicit AlignedArray(size_t count) : count_(count) {
    constexpr size_t kAlignment = streamtensor::contract::kBufferAlignmentBytes;
    const size_t bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    data_ = static_cast<T*>(aligned_alloc(kAlignment, bytes == 0 ? kAlignment : bytes));
    if (data_ == nullptr) abort();
    memset(static_cast<void*>(data_), 0, bytes);
  }
  ~AlignedArray() { free(data_); }
  AlignedArray(const AlignedArray&) = delete;
  AlignedArray& operator=(const AlignedArray&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return count_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + count_; }

 private:
  T* data_;
  size_t count_;
};

}  // namespace host
}  // namespace st

#endif
