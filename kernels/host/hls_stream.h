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

// What processes take: `hls::stream<T>&`, for any depth of the declaration.
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

  // Host only, for the fast build of kernels/st: `count` times read() or write(), as many at once as there
  // are or fit. A process that waits half-way is in the same state as one that goes one by one.
  void read_many(T* to, uint32_t count) {
    while (count > 0) {
      const T* const from = slots_ + wait_for_element();
      const uint32_t some = ready() < count ? ready() : count;
      for (uint32_t i = 0; i < some; ++i) to[i] = from[i];
      pop(some);
      to += some;
      count -= some;
    }
  }
  void write_many(const T* from, uint32_t count) {
    while (count > 0) {
      T* const to = slots_ + wait_for_space();
      const uint32_t some = room() < count ? room() : count;
      for (uint32_t i = 0; i < some; ++i) to[i] = from[i];
      push(some);
      from += some;
      count -= some;
    }
  }
  // `count` times { read(); write() to each of `outs` in turn }.
  template <class... OUTS>
  void copy_many(uint32_t count, OUTS&... outs) {
    stream* const to[] = {&outs...};
    while (count > 0) {
      const T* const from = slots_ + wait_for_element();
      uint32_t some = ready() < count ? ready() : count;
      for (stream* out : to) some = out->room() < some ? out->room() : some;
      if (some == 0) {
        // One is full: its writer waits with one element in hand.
        const T value = read();
        for (stream* out : to) out->write(value);
        --count;
        continue;
      }
      for (stream* out : to) {
        T* const slots = out->slots_ + (out->pushed_ & out->mask_);
        for (uint32_t i = 0; i < some; ++i) slots[i] = from[i];
        out->push(some);
      }
      pop(some);
      count -= some;
    }
  }

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
