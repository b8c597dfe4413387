// SPDX-License-Identifier: Apache-2.0
// hls::stream as streamtensor-schedule sees it: a FIFO access is one call.
#ifndef ST_SCHEDULE_HLS_STREAM_H
#define ST_SCHEDULE_HLS_STREAM_H
extern "C" void st_fifo_pop(void* fifo, void* value, unsigned bytes);
extern "C" void st_fifo_push(void* fifo, const void* value, unsigned bytes);
namespace hls {
template <class T, int DEPTH = 0>
class stream {
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

 private:
  T element_;
};
}  // namespace hls
#endif
