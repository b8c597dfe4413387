// SPDX-License-Identifier: Apache-2.0
// hls::stream as streamtensor-schedule sees it: a FIFO access is one call.
#ifndef ST_SCHEDULE_HLS_STREAM_H
#define ST_SCHEDULE_HLS_STREAM_H
extern "C" void st_fifo_pop(void* fifo, void* value, unsigned bytes);
extern "C" void st_fifo_push(void* fifo, const void* value, unsigned bytes);
extern "C" bool st_fifo_empty(void* fifo);
extern "C" bool st_fifo_full(void* fifo);
namespace hls {
template <class T, int DEPTH = 0>
class stream;
template <class T>
class stream<T, 0> {
 public:
  stream() {}
  explicit stream(const char*) {}
  stream(const stream&) = delete;
  T read() {
    T value;
    st_fifo_pop(this, &value, sizeof(T));
    return value;
  }
  void read(T& value) { value = read(); }
  void write(const T& value) {
    T copy = value;
    st_fifo_push(this, &copy, sizeof(T));
  }
  bool empty() { return st_fifo_empty(this); }
  bool full() { return st_fifo_full(this); }
  bool read_nb(T& value) {
    if (empty()) return false;
    value = read();
    return true;
  }
  bool write_nb(const T& value) {
    if (full()) return false;
    write(value);
    return true;
  }
  void operator>>(T& value) { value = read(); }
  void operator<<(const T& value) { write(value); }

 private:
  T element_;
};
template <class T, int DEPTH>
class stream : public stream<T, 0> {
 public:
  stream() {}
  explicit stream(const char*) {}

 private:
  char depth_[DEPTH];
};
}  // namespace hls
#endif
