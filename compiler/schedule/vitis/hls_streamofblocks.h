// SPDX-License-Identifier: Apache-2.0
// hls::stream_of_blocks as streamtensor-schedule sees it: a lock is one call that returns a separate block.
#ifndef ST_SCHEDULE_HLS_STREAMOFBLOCKS_H
#define ST_SCHEDULE_HLS_STREAMOFBLOCKS_H
extern "C" void* st_block_read(void* blocks);
extern "C" void* st_block_write(void* blocks);
extern "C" void st_block_done(void* blocks);
namespace hls {
template <class BLOCK, int DEPTH = 2>
class stream_of_blocks;
template <class BLOCK>
class stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks(int = 2, char* = 0) {}
  stream_of_blocks(const stream_of_blocks&) = delete;

 private:
  BLOCK element_;
};
template <class BLOCK, int DEPTH>
class stream_of_blocks : public stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks() {}

 private:
  char depth_[DEPTH];
};
template <class BLOCK>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<BLOCK>& blocks)
      : blocks_(&blocks), block_((BLOCK*)st_block_write(&blocks)) {}
  ~write_lock() { st_block_done(blocks_); }
  operator BLOCK&() { return *block_; }

 private:
  void* blocks_;
  BLOCK* block_;
};
template <class BLOCK>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<BLOCK>& blocks)
      : blocks_(&blocks), block_((BLOCK*)st_block_read(&blocks)) {}
  ~read_lock() { st_block_done(blocks_); }
  operator BLOCK&() { return *block_; }

 private:
  void* blocks_;
  BLOCK* block_;
};
}  // namespace hls
#endif
