// SPDX-License-Identifier: Apache-2.0
// What the benches share: random numbers, words of a simulated module, the end of a bench.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "cycles.h"

namespace rtl_test {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int Below(int bound) { return static_cast<int>(engine_() % static_cast<uint64_t>(bound)); }
  int Between(int least, int most) { return least + Below(most - least + 1); }
  bool Percent(int percent) { return Below(100) < percent; }
  uint32_t Word() { return static_cast<uint32_t>(engine_()); }

 private:
  std::mt19937_64 engine_;
};

// Ports of more than 64 bits are arrays of 32.
template <class PORT, int BITS>
void Put(PORT& port, const ap_uint<BITS>& value) {
  for (int low = 0; low < BITS; low += 32) {
    port[low / 32] = st::unsigned_field(value, low, BITS - low < 32 ? BITS - low : 32);
  }
}
template <class PORT, int BITS>
bool Equal(const PORT& port, const ap_uint<BITS>& value) {
  for (int low = 0; low < BITS; low += 32) {
    if (port[low / 32] != st::unsigned_field(value, low, BITS - low < 32 ? BITS - low : 32)) return false;
  }
  return true;
}

// Counts what differs and shows the first few.
class Differences {
 public:
  void Check(bool equal, int64_t cycle, const char* what) {
    if (equal) return;
    if (++count_ <= 5) std::printf("  cycle %lld: %s differs\n", static_cast<long long>(cycle), what);
  }
  int count() const { return count_; }

 private:
  int count_ = 0;
};

// Prints the figures that docs/evidence.md takes; the exit code of the bench.
inline int Finish(const std::string& name, uint64_t seed, int64_t words, int64_t cycles,
                  const Differences& differences, const Borders& borders) {
  int missed = 0;
  for (const auto& [border, met] : borders.met()) {
    if (met) continue;
    std::printf("  not met: %s\n", border.c_str());
    ++missed;
  }
  std::printf(
      "{\"bench\": \"%s\", \"seed\": %llu, \"words\": %lld, \"cycles\": %lld, \"differences\": %d, "
      "\"borders\": %zu, \"missed\": %d}\n",
      name.c_str(), static_cast<unsigned long long>(seed), static_cast<long long>(words),
      static_cast<long long>(cycles), differences.count(), borders.met().size(), missed);
  return differences.count() == 0 && missed == 0 && words >= 10000 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace rtl_test
