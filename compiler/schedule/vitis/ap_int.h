// SPDX-License-Identifier: Apache-2.0
// ap_uint and ap_int as streamtensor-schedule sees them: one integer of W bits. range() is a shift and a
// mask, which cost nothing where the places are constant.
#ifndef ST_SCHEDULE_AP_INT_H
#define ST_SCHEDULE_AP_INT_H
#include <stdint.h>
namespace st_schedule {
template <class RAW>
class bit_range {
 public:
  bit_range(RAW* value, int high, int low) : value_(value), high_(high), low_(low) {}
  bit_range& operator=(uint64_t bits) {
    *value_ = (*value_ & ~((RAW)mask() << low_)) | ((RAW)(bits & mask()) << low_);
    return *this;
  }
  bit_range& operator=(const bit_range& other) { return *this = other.to_uint64(); }
  uint64_t to_uint64() const { return (uint64_t)(*value_ >> low_) & mask(); }
  unsigned to_uint() const { return (unsigned)to_uint64(); }
  int to_int() const { return (int)to_uint64(); }
  operator uint64_t() const { return to_uint64(); }

 private:
  uint64_t mask() const { return high_ - low_ + 1 >= 64 ? ~0ull : (1ull << (high_ - low_ + 1)) - 1; }
  RAW* value_;
  int high_, low_;
};

template <class RAW>
class integer {
 public:
  integer() = default;
  integer(long long value) : value_((RAW)value) {}
  bit_range<RAW> range(int high, int low) const {
    return bit_range<RAW>(const_cast<RAW*>(&value_), high, low);
  }
  bit_range<RAW> operator()(int high, int low) const { return range(high, low); }
  uint64_t to_uint64() const { return (uint64_t)value_; }
  int64_t to_int64() const { return (int64_t)value_; }
  unsigned to_uint() const { return (unsigned)value_; }
  int to_int() const { return (int)value_; }
  bool operator==(const integer& other) const { return value_ == other.value_; }
  bool operator!=(const integer& other) const { return value_ != other.value_; }

 private:
  RAW value_;
};
}  // namespace st_schedule

template <int W>
class ap_uint : public st_schedule::integer<unsigned _BitInt(W)> {
 public:
  using st_schedule::integer<unsigned _BitInt(W)>::integer;
  ap_uint() = default;
};
template <int W>
class ap_int : public st_schedule::integer<_BitInt(W)> {
 public:
  using st_schedule::integer<_BitInt(W)>::integer;
  ap_int() = default;
};
#endif
