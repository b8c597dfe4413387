// SPDX-License-Identifier: Apache-2.0
// Host only: the launch under way in this object, the memory its channels live in, and what streams
// and streams of blocks share. One launch at a time; all on one thread but for the parts given to share().
#ifndef ST_HOST_LAUNCH_H
#define ST_HOST_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "st_host_api.h"

namespace st {
namespace host {

// Memory of one launch, taken in sequence and given back all at once. It is kept from launch to
// launch, so that a warm launch neither allocates nor faults pages in.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    while (first_ != nullptr) {
      Chunk* next = first_->next;
      free(first_);
      first_ = next;
    }
  }

  // `bytes` on a 64-byte border, valid until reset().
  void* take(size_t bytes) {
    bytes = (bytes + 63) & ~static_cast<size_t>(63);
    while (current_ == nullptr || current_->bytes - used_ < bytes) {
      if (current_ != nullptr && current_->next != nullptr) {
        current_ = current_->next;
      } else {
        append(bytes);
      }
      used_ = sizeof(Chunk);
    }
    void* result = reinterpret_cast<char*>(current_) + used_;
    used_ += bytes;
    return result;
  }

  void reset() {
    current_ = first_;
    used_ = sizeof(Chunk);
  }

 private:
  struct alignas(64) Chunk {
    Chunk* next;
    size_t bytes;  // with this header
  };

  void append(size_t bytes) {
    const size_t least = static_cast<size_t>(1) << 20;
    size_t size = bytes + sizeof(Chunk) > least ? bytes + sizeof(Chunk) : least;
    Chunk* chunk = static_cast<Chunk*>(aligned_alloc(64, size));
    if (chunk == nullptr) {
      fprintf(stderr, "streamtensor: no memory for %zu bytes of channels\n", size);
      abort();
    }
    chunk->next = nullptr;
    chunk->bytes = size;
    (current_ == nullptr ? first_ : current_->next) = chunk;
    current_ = chunk;
  }

  Chunk* first_ = nullptr;
  Chunk* current_ = nullptr;
  size_t used_ = 0;
};

struct Launch {
  const st_host_api* api = nullptr;  // null: no launch under way
  int32_t code = 0;                  // what run() returned
  Arena arena;
};

// C++14 has no inline variables, but a template's static member can be defined in a header.
template <class Unused>
struct LaunchHolder {
  static Launch value;
};
template <class Unused>
Launch LaunchHolder<Unused>::value;

inline Launch& launch() { return LaunchHolder<void>::value; }

// Threads that the launch computes on.
inline uint32_t threads() { return launch().api->threads; }

template <class F>
void call_part(void* f, uint32_t index) {
  (*static_cast<F*>(f))(index);
}
// Calls f(i) for each i < count, on all threads: f only computes, and what each call writes is its own.
template <class F>
void share(uint32_t count, F f) {
  const st_host_api* api = launch().api;
  if (count == 1 || api->threads == 1) {
    for (uint32_t i = 0; i < count; ++i) f(i);
  } else {
    api->share(api->context, &call_part<F>, &f, count);
  }
}

// A bounded channel between two processes: counts only, the elements belong to the derived class.
class Channel {
 public:
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  uint32_t id() const { return id_; }

 protected:
  Channel(const char* name, uint32_t depth) : name_(name), depth_(depth) {
    Launch& current = launch();
    if (current.api != nullptr) id_ = current.api->channel(current.api->context, name, depth);
  }
  ~Channel() {
    const Launch& current = launch();
    if (current.api != nullptr) current.api->close(current.api->context, id_, pushed_ - popped_);
  }

  // Slots in the ring: the least power of two that holds `depth`, so that counters need no wrapping.
  static uint32_t ring_slots(uint32_t depth) {
    uint32_t slots = 1;
    while (slots < depth) slots *= 2;
    return slots;
  }

  // Slot to fill next, waiting while the channel is full.
  uint32_t wait_for_space() {
    if (__builtin_expect(pushed_ - popped_ == depth_, 0)) wait_not_full();
    return pushed_ & mask_;
  }
  void push(uint32_t count = 1) {
    pushed_ += count;
    if (__builtin_expect(waiting_, 0)) wake(ST_WAIT_NOT_EMPTY);
  }
  // Slot to take next, waiting while the channel is empty.
  uint32_t wait_for_element() {
    if (__builtin_expect(pushed_ == popped_, 0)) wait_not_empty();
    return popped_ & mask_;
  }
  void pop(uint32_t count = 1) {
    popped_ += count;
    if (__builtin_expect(waiting_, 0)) wake(ST_WAIT_NOT_FULL);
  }

  // How many elements from the next slot on lie, or find room, side by side; 0 where a process would wait.
  uint32_t ready() const { return side_by_side(pushed_ - popped_, popped_); }
  uint32_t room() const { return side_by_side(depth_ - (pushed_ - popped_), pushed_); }

  const char* name_;
  uint32_t id_ = 0;
  uint32_t depth_;
  uint32_t mask_ = ring_slots(depth_) - 1;
  uint32_t pushed_ = 0;  // both wrap around together
  uint32_t popped_ = 0;
  // Only the other end can be waiting while one end works, so one flag serves both.
  bool waiting_ = false;

 private:
  uint32_t side_by_side(uint32_t count, uint32_t at) const {
    const uint32_t to_end = mask_ + 1 - (at & mask_);
    return count < to_end ? count : to_end;
  }
  __attribute__((noinline, cold)) void wait_not_full() {
    while (pushed_ - popped_ == depth_) block(ST_WAIT_NOT_FULL, "full");
  }
  __attribute__((noinline, cold)) void wait_not_empty() {
    while (pushed_ == popped_) block(ST_WAIT_NOT_EMPTY, "empty");
  }
  void block(st_wait wait, const char* state) {
    const st_host_api* api = launch().api;
    if (api == nullptr) {
      fprintf(stderr, "streamtensor: channel '%s' (depth %u) is %s and no launch is under way\n",
              name_ == nullptr ? "unnamed" : name_, static_cast<unsigned>(depth_), state);
      abort();
    }
    waiting_ = true;
    api->block(api->context, id_, wait);
  }
  __attribute__((noinline, cold)) void wake(st_wait wait) {
    waiting_ = false;
    const st_host_api* api = launch().api;
    api->wake(api->context, id_, wait);
  }
};

}  // namespace host
}  // namespace st

#endif
