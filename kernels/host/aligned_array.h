// SPDX-License-Identifier: Apache-2.0
// Host only: an array on a 4096-byte border, as buffers of a card are. C++14's new ignores
// alignas(64), so arrays of words must not come from it.
#ifndef ST_HOST_ALIGNED_ARRAY_H
#define ST_HOST_ALIGNED_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

namespace st {
namespace host {

template <class T>
class AlignedArray {
 public:
  // `count` elements of zero bytes.
  explicit AlignedArray(size_t count) : count_(count) {
    const size_t bytes = (count * sizeof(T) + 4095) / 4096 * 4096;
    data_ = static_cast<T*>(aligned_alloc(4096, bytes == 0 ? 4096 : bytes));
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
