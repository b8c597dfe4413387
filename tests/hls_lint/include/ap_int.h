// SPDX-License-Identifier: Apache-2.0
// Declarations only, for the lint: what it would compute is of no interest, that it is called is. The
// arithmetic that Vitis' ap_uint has and ours may not use is declared, so that the lint can name it.
#ifndef ST_LINT_AP_INT_H
#define ST_LINT_AP_INT_H

#include <stdint.h>

namespace st_lint {
class bit_range {
 public:
  bit_range& operator=(uint64_t value);
  bit_range& operator=(const bit_range& other);
  uint64_t to_uint64() const;
  unsigned to_uint() const;
  int to_int() const;
  operator uint64_t() const;

 private:
  int opaque_;
};
}  // namespace st_lint

template <int W>
class ap_uint {
 public:
  ap_uint() = default;
  ap_uint(unsigned long long value);
  st_lint::bit_range range(int high, int low) const;
  st_lint::bit_range operator()(int high, int low) const;
  uint64_t to_uint64() const;
  unsigned to_uint() const;
  bool operator==(const ap_uint& other) const;
  bool operator!=(const ap_uint& other) const;

  ap_uint operator+(const ap_uint& other) const;
  ap_uint operator-(const ap_uint& other) const;
  ap_uint operator*(const ap_uint& other) const;
  ap_uint operator&(const ap_uint& other) const;
  ap_uint operator|(const ap_uint& other) const;
  ap_uint operator^(const ap_uint& other) const;
  ap_uint operator>>(int places) const;
  ap_uint operator<<(int places) const;
  ap_uint& operator+=(const ap_uint& other);
  ap_uint& operator>>=(int places);
  ap_uint& operator<<=(int places);

 private:
  uint64_t bits_[(W + 63) / 64];
};

#endif
