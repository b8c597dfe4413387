// SPDX-License-Identifier: Apache-2.0
// What C simulation of one process needs of a stream: words queue up without a bound, and a read of none is
// an error.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <deque>

namespace hls {

template <class T, int DEPTH = 0>
class stream;

template <class T>
class stream<T, 0> {
 public:
  stream() = default;
  explicit stream(const char*) {}
  stream(const stream&) = delete;
  T read() {
    if (words_.empty()) {
      std::fputs("read of an empty stream\n", stderr);
      std::exit(2);
    }
    const T word = words_.front();
    words_.pop_front();
    return word;
  }
  void write(const T& word) { words_.push_back(word); }
  bool empty() const { return words_.empty(); }

 private:
  std::deque<T> words_;
};

template <class T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  stream() = default;
  explicit stream(const char*) {}
};

}  // namespace hls
