// SPDX-License-Identifier: Apache-2.0
// Host stand-in for Vitis' hls_streamofblocks.h: a FIFO of arrays, each filled in place under a write
// lock and read in place under a read lock. A lock's life is its hold on the block: the write lock's
// end hands the block on, the read lock's end gives it back.
#ifndef ST_HOST_HLS_STREAMOFBLOCKS_H
#define ST_HOST_HLS_STREAMOFBLOCKS_H

#include <type_traits>

#include "launch.h"

namespace hls {

template <class BLOCK>
class read_lock;
template <class BLOCK>
class write_lock;

// Processes take `hls::stream_of_blocks<BLOCK>&`, for any depth of the declaration.
template <class BLOCK, int DEPTH = 2>
class stream_of_blocks;

template <class BLOCK>
class stream_of_blocks<BLOCK, 2> : public st::host::Channel {
  static_assert(std::is_array<BLOCK>::value, "a block is an array");

 public:
  explicit stream_of_blocks(const char* name = nullptr) : stream_of_blocks(name, 2) {}

  // Host only, for st::load_block: hands on a block that lies in memory already, without a copy. It
  // must stay unchanged until its reader gives it back.
  void push_view(const BLOCK& block) {
    views_[wait_for_space()] = const_cast<BLOCK*>(&block);
    push();
  }

 protected:
  stream_of_blocks(const char* name, uint32_t depth)
      : Channel(name, depth),
        views_(static_cast<BLOCK**>(st::host::launch().arena.take(sizeof(BLOCK*) * ring_slots(depth)))),
        storage_(static_cast<BLOCK*>(st::host::launch().arena.take(sizeof(BLOCK) * ring_slots(depth)))) {}

 private:
  friend class read_lock<BLOCK>;
  friend class write_lock<BLOCK>;

  BLOCK** views_;  // where the block of each slot lies: in storage_, or where push_view found it
  BLOCK* storage_;
};

template <class BLOCK, int DEPTH>
class stream_of_blocks : public stream_of_blocks<BLOCK, 2> {
  static_assert(DEPTH > 0, "a stream of blocks holds at least one block");

 public:
  explicit stream_of_blocks(const char* name = nullptr) : stream_of_blocks<BLOCK, 2>(name, DEPTH) {}
};

template <class BLOCK>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<BLOCK>& stream) : stream_(stream) {
    const uint32_t slot = stream.wait_for_space();
    block_ = &stream.storage_[slot];
    stream.views_[slot] = block_;
  }
  ~write_lock() { stream_.push(); }
  write_lock(const write_lock&) = delete;
  write_lock& operator=(const write_lock&) = delete;
  operator BLOCK&() { return *block_; }

 private:
  stream_of_blocks<BLOCK>& stream_;
  BLOCK* block_;
};

template <class BLOCK>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<BLOCK>& stream)
      : stream_(stream), block_(stream.views_[stream.wait_for_element()]) {}
  ~read_lock() { stream_.pop(); }
  read_lock(const read_lock&) = delete;
  read_lock& operator=(const read_lock&) = delete;
  operator BLOCK&() { return *block_; }

 private:
  stream_of_blocks<BLOCK>& stream_;
  BLOCK* block_;
};

}  // namespace hls

#endif
