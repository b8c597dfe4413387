// SPDX-License-Identifier: Apache-2.0
// Host stand-in for Vitis' ap_int.h, for a tree without Vitis. Under our rules ap_uint is storage:
// it is copied, compared, and read and written by ranges of at most 64 bits; arithmetic is done in
// intN_t and float. Anything else is left out on purpose and fails to compile.
#ifndef ST_HOST_AP_INT_H
#define ST_HOST_AP_INT_H

#include <stdint.h>
#include <string.h>

namespace st {
namespace host {

// Reads `width` (1..64) bits from bit `low`. Lanes of 8, 16, 32 and 64 bits at their natural places
// become plain loads, which g++ vectorises: low / 32 * 4 folds to 4 * i for low = 32 * i, low / 8 doesn't.
inline uint64_t read_bits(const unsigned char* bytes, int low, int width) {
  if (width == 8 && low % 8 == 0) return bytes[low / 8];
  if (width == 16 && low % 16 == 0) {
    uint16_t v;
    memcpy(&v, bytes + low / 16 * 2, sizeof(v));
    return v;
  }
  if (width == 32 && low % 32 == 0) {
    uint32_t v;
    memcpy(&v, bytes + low / 32 * 4, sizeof(v));
    return v;
  }
  if (width == 64 && low % 64 == 0) {
    uint64_t v;
    memcpy(&v, bytes + low / 64 * 8, sizeof(v));
    return v;
  }
  uint64_t value = 0;
  for (int i = 0; i < width; ++i) {
    value |= static_cast<uint64_t>((bytes[(low + i) / 8] >> ((low + i) % 8)) & 1) << i;
  }
  return value;
}

inline void write_bits(unsigned char* bytes, int low, int width, uint64_t value) {
  if (width == 8 && low % 8 == 0) {
    bytes[low / 8] = static_cast<unsigned char>(value);
  } else if (width == 16 && low % 16 == 0) {
    const uint16_t v = static_cast<uint16_t>(value);
    memcpy(bytes + low / 16 * 2, &v, sizeof(v));
  } else if (width == 32 && low % 32 == 0) {
    const uint32_t v = static_cast<uint32_t>(value);
    memcpy(bytes + low / 32 * 4, &v, sizeof(v));
  } else if (width == 64 && low % 64 == 0) {
    memcpy(bytes + low / 64 * 8, &value, sizeof(value));
  } else {
    for (int i = 0; i < width; ++i) {
      const int bit = low + i;
      const unsigned char mask = static_cast<unsigned char>(1u << (bit % 8));
      if ((value >> i) & 1) {
        bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] | mask);
      } else {
        bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~mask);
      }
    }
  }
}

class ConstBitRange {
 public:
  ConstBitRange(const unsigned char* bytes, int high, int low) : bytes_(bytes), high_(high), low_(low) {}
  uint64_t to_uint64() const { return read_bits(bytes_, low_, high_ - low_ + 1); }
  unsigned to_uint() const { return static_cast<unsigned>(to_uint64()); }
  int to_int() const { return static_cast<int>(to_uint()); }
  operator uint64_t() const { return to_uint64(); }

 private:
  const unsigned char* bytes_;
  int high_, low_;
};

class BitRange {
 public:
  BitRange(unsigned char* bytes, int high, int low) : bytes_(bytes), high_(high), low_(low) {}
  BitRange(const BitRange&) = default;
  BitRange& operator=(uint64_t value) {
    write_bits(bytes_, low_, high_ - low_ + 1, value);
    return *this;
  }
  BitRange& operator=(const BitRange& other) { return *this = other.to_uint64(); }
  BitRange& operator=(const ConstBitRange& other) { return *this = other.to_uint64(); }
  uint64_t to_uint64() const { return read_bits(bytes_, low_, high_ - low_ + 1); }
  unsigned to_uint() const { return static_cast<unsigned>(to_uint64()); }
  int to_int() const { return static_cast<int>(to_uint()); }
  operator uint64_t() const { return to_uint64(); }

 private:
  unsigned char* bytes_;
  int high_, low_;
};

constexpr int storage_bytes(int bits) { return bits <= 64 ? 8 : (bits + 63) / 64 * 8; }

}  // namespace host
}  // namespace st

// A fresh ap_uint holds no particular value, as in Vitis. Words of 512 bits lie on 64-byte borders.
template <int W>
class alignas(W >= 512 ? 64 : 8) ap_uint {
 public:
  ap_uint() = default;
  ap_uint(unsigned long long value) {
    memset(bytes_, 0, sizeof(bytes_));
    memcpy(bytes_, &value, sizeof(value));
  }

  st::host::BitRange range(int high, int low) { return st::host::BitRange(bytes_, high, low); }
  st::host::ConstBitRange range(int high, int low) const {
    return st::host::ConstBitRange(bytes_, high, low);
  }
  st::host::BitRange operator()(int high, int low) { return range(high, low); }
  st::host::ConstBitRange operator()(int high, int low) const { return range(high, low); }

  uint64_t to_uint64() const { return st::host::read_bits(bytes_, 0, W < 64 ? W : 64); }
  unsigned to_uint() const { return static_cast<unsigned>(to_uint64()); }

  bool operator==(const ap_uint& other) const { return memcmp(bytes_, other.bytes_, sizeof(bytes_)) == 0; }
  bool operator!=(const ap_uint& other) const { return !(*this == other); }

 private:
  unsigned char bytes_[st::host::storage_bytes(W)];
};

#endif
