// SPDX-License-Identifier: Apache-2.0
// Declarations only, for the lint. An object's layout tells it the element and the depth; calls tell it the
// rest. What contract rule d forbids is declared too, so that the lint can name it.
#ifndef ST_LINT_HLS_STREAM_H
#define ST_LINT_HLS_STREAM_H

namespace hls {

template <class T, int DEPTH = 0>
class stream;

template <class T>
class stream<T, 0> {
 public:
  stream() = default;
  explicit stream(const char* name);
  stream(const stream&) = delete;
  T read();
  void read(T& value);
  void write(const T& value);
  void operator>>(T& value);
  void operator<<(const T& value);

  bool empty();
  bool full();
  unsigned size();
  unsigned capacity();
  bool read_nb(T& value);
  bool write_nb(const T& value);

 private:
  T element_;
};

template <class T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  stream() = default;
  explicit stream(const char* name);

 private:
  char depth_[DEPTH];
};

}  // namespace hls

#endif
