// SPDX-License-Identifier: Apache-2.0
// Lets a design's text compile; processes that take or give blocks can't be tried one by one.
#pragma once

#include <cstdlib>

namespace hls {

template <class BLOCK, int DEPTH = 2>
class stream_of_blocks;

template <class BLOCK>
class stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks(int = 2, char* = 0) {}
};

template <class BLOCK, int DEPTH>
class stream_of_blocks : public stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks() {}
};

template <class BLOCK>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<BLOCK>&) {}
  operator BLOCK&() { std::abort(); }
};

template <class BLOCK>
class write_lock : public read_lock<BLOCK> {
 public:
  using read_lock<BLOCK>::read_lock;
};

}  // namespace hls
