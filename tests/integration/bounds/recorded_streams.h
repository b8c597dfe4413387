// SPDX-License-Identifier: Apache-2.0
// Included first in emitted text by the test of traces: the host's streams and streams of blocks once more,
// in their plainest form, each operation told to the test when it is done.
#ifndef ST_HOST_HLS_STREAM_H
#define ST_HOST_HLS_STREAM_H
#define ST_HOST_HLS_STREAMOFBLOCKS_H

#include <stdint.h>

#include "launch.h"

extern "C" {
// Set by the test. `operation`: R (read), W (write); of a block's writer O (opened), P (published); of its
// reader T (taken), F (freed).
// `name` is empty for the elements of an array, which are declared in order.
__attribute__((visibility("default"))) void (*st_test_record)(const char* name, uint32_t id, char operation);
}

namespace hls {

class recorded : public st::host::Channel {
 protected:
  recorded(const char* name, uint32_t depth) : Channel(name, depth) {}
  void record(char operation) { st_test_record(name_ == nullptr ? "" : name_, id(), operation); }
};

template <class T, int DEPTH = 0>
class stream;

template <class T>
class stream<T, 0> : public recorded {
 public:
  void write(const T& value) {
    slots_[wait_for_space()] = value;
    push();
    record('W');
  }
  T read() {
    const T value = slots_[wait_for_element()];
    pop();
    record('R');
    return value;
  }

 protected:
  stream(const char* name, uint32_t depth)
      : recorded(name, depth),
        slots_(static_cast<T*>(st::host::launch().arena.take(sizeof(T) * ring_slots(depth)))) {}

 private:
  T* slots_;
};

template <class T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  explicit stream(const char* name = nullptr) : stream<T, 0>(name, DEPTH) {}
};

template <class BLOCK>
class read_lock;
template <class BLOCK>
class write_lock;

template <class BLOCK, int DEPTH = 2>
class stream_of_blocks;

template <class BLOCK>
class stream_of_blocks<BLOCK, 2> : public recorded {
 public:
  explicit stream_of_blocks(const char* name = nullptr) : stream_of_blocks(name, 2) {}

 protected:
  stream_of_blocks(const char* name, uint32_t depth)
      : recorded(name, depth),
        blocks_(static_cast<BLOCK*>(st::host::launch().arena.take(sizeof(BLOCK) * ring_slots(depth)))) {}

 private:
  friend class read_lock<BLOCK>;
  friend class write_lock<BLOCK>;
  BLOCK* blocks_;
};

template <class BLOCK, int DEPTH>
class stream_of_blocks : public stream_of_blocks<BLOCK, 2> {
 public:
  explicit stream_of_blocks(const char* name = nullptr) : stream_of_blocks<BLOCK, 2>(name, DEPTH) {}
};

template <class BLOCK>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<BLOCK>& stream)
      : stream_(stream), block_(&stream.blocks_[stream.wait_for_space()]) {
    stream_.record('O');
  }
  ~write_lock() {
    stream_.push();
    stream_.record('P');
  }
  operator BLOCK&() { return *block_; }

 private:
  stream_of_blocks<BLOCK>& stream_;
  BLOCK* block_;
};

template <class BLOCK>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<BLOCK>& stream)
      : stream_(stream), block_(&stream.blocks_[stream.wait_for_element()]) {
    stream_.record('T');
  }
  ~read_lock() {
    stream_.pop();
    stream_.record('F');
  }
  operator BLOCK&() { return *block_; }

 private:
  stream_of_blocks<BLOCK>& stream_;
  BLOCK* block_;
};

}  // namespace hls

#endif
