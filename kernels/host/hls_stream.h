// SPDX-License-Identifier: Apache-2.0
// Host stand-in for Vitis' hls_stream.h: a bounded FIFO between two fibers that obeys the depth it is
// declared with. Blocking reads and writes only: empty(), full(), size() and the _nb forms are
// missing on purpose, a process that asks for the state of a FIFO is not determinate.
#ifndef ST_HOST_HLS_STREAM_H
#define ST_HOST_HLS_STREAM_H

#include <type_traits>

#include "launch.h"

namespace hls {

template <class T, int DEPTH = 0>
class stream;

// What processes take: `hls::stream<T>&`, whatever the depth of the declaration.
template <class T>
class stream<T, 0> : public st::host::Channel {
  static_assert(std::is_trivially_copyable<T>::value, "stream elements are copied as bytes");

 public:
  // As in Vitis, a stream declared without a depth holds two elements.
  explicit stream(const char* name = nullptr) : stream(name, 2) {}

  void write(const T& value) {
    slots_[wait_for_space()] = value;
    push();
  }
  T read() {
    const T value = slots_[wait_for_element()];
    pop();
    return value;
  }
  void read(T& value) {
    value = slots_[wait_for_element()];
    pop();
  }
  void operator<<(const T& value) { write(value); }
  void operator>>(T& value) { read(value); }

 protected:
  stream(const char* name, uint32_t depth)
      : Channel(name, depth),
        slots_(static_cast<T*>(st::host::launch().arena.take(sizeof(T) * ring_slots(depth)))) {}

 private:
  T* slots_;
};

template <class T, int DEPTH>
class stream : public stream<T, 0> {
  static_assert(DEPTH > 0, "a FIFO holds at least one element");

 public:
  explicit stream(const char* name = nullptr) : stream<T, 0>(name, DEPTH) {}
};

}  // namespace hls

#endif
