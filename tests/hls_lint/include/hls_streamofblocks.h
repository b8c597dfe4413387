// SPDX-License-Identifier: Apache-2.0
// Declarations only, for the lint: the constructors and methods that AMD's header has (vitis_headers.yaml).
#ifndef ST_LINT_HLS_STREAMOFBLOCKS_H
#define ST_LINT_HLS_STREAMOFBLOCKS_H

namespace hls {

template <class BLOCK, int DEPTH = 2>
class stream_of_blocks;

template <class BLOCK>
class stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks(int depth = 2, char* name = 0);
  stream_of_blocks(const stream_of_blocks&) = delete;
  bool empty();
  bool full();

 private:
  BLOCK element_;
};

template <class BLOCK, int DEPTH>
class stream_of_blocks : public stream_of_blocks<BLOCK, 2> {
 public:
  stream_of_blocks();

 private:
  char depth_[DEPTH];
};

template <class BLOCK>
class write_lock {
 public:
  explicit write_lock(stream_of_blocks<BLOCK>& stream);
  ~write_lock();
  write_lock(const write_lock&) = delete;
  operator BLOCK&();

 private:
  int opaque_;
};

template <class BLOCK>
class read_lock {
 public:
  explicit read_lock(stream_of_blocks<BLOCK>& stream);
  ~read_lock();
  read_lock(const read_lock&) = delete;
  operator BLOCK&();

 private:
  int opaque_;
};

}  // namespace hls

#endif
