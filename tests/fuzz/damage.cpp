// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/damage.h"

#include <algorithm>
#include <cstring>
#include <random>

namespace streamtensor::fuzz {
namespace {

using Random = std::mt19937_64;

constexpr uint64_t kExtremes[] = {0,          1,          0x7f,       0xff,        0x7fff,
                                  0xffff,     0x10000,    0x7fffffff, 0x80000000u, 0xffffffffu,
                                  1ull << 32, 1ull << 62, 1ull << 63, ~0ull >> 1,  ~0ull};
constexpr std::size_t kWidths[] = {1, 2, 4, 8};

std::size_t Below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

void SetField(std::string& text, std::size_t at, std::size_t width, uint64_t value) {
  if (at >= text.size()) return;
  std::memcpy(text.data() + at, &value, std::min(width, text.size() - at));
}

// `step` of `steps` on the way through the input.
void DamageAt(std::string& text, uint64_t step, uint64_t steps, Random& random) {
  const std::size_t at = std::min<std::size_t>(step * text.size() / steps, text.size() - 1);
  switch (step % 4) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << Below(random, 8)));
      return;
    case 1:
      text.resize(at);
      return;
    case 2:
      SetField(text, at, kWidths[Below(random, 4)], kExtremes[Below(random, std::size(kExtremes))]);
      return;
    default:
      text[at] = static_cast<char>(random());
  }
}

void DamageAnywhere(std::string& text, const std::vector<std::string>& seeds, Random& random) {
  const std::size_t at = Below(random, text.size());
  const std::size_t length = 1 + Below(random, std::min<std::size_t>(text.size() - at, 200));
  const std::string& other = seeds[Below(random, seeds.size())];
  const std::size_t from = Below(random, other.size());
  switch (random() % 8) {
    case 0:
      text[at] = static_cast<char>(text[at] ^ (1 << Below(random, 8)));
      return;
    case 1:
      SetField(text, at, kWidths[Below(random, 4)], kExtremes[Below(random, std::size(kExtremes))]);
      return;
    case 2:
      text.resize(at);
      return;
    case 3:  // a piece is missing
      text.erase(at, length);
      return;
    case 4:  // a piece stands twice
      text.insert(at, text.substr(at, length));
      return;
    case 5:  // a piece of another input in its place
      text.replace(at, length, other.substr(from, length));
      return;
    case 6:  // the beginning of one, the end of another
      text = text.substr(0, at) + other.substr(from);
      return;
    default:  // a number grows
      while (Below(random, 4) != 0) text.insert(at, 1, static_cast<char>('0' + Below(random, 10)));
  }
}

}  // namespace

std::string Damaged(const std::vector<std::string>& seeds, std::size_t which, uint64_t index, uint64_t count,
                    uint64_t seed) {
  Random random((seed * 1000003 + which) * 1000003 + index);
  std::string text = seeds[which];
  const uint64_t steps = count / 2;
  if (index < steps) {
    if (!text.empty()) DamageAt(text, index, steps, random);
    return text;
  }
  for (std::size_t changes = 1 + Below(random, 3); changes > 0 && !text.empty(); --changes) {
    DamageAnywhere(text, seeds, random);
  }
  return text;
}

}  // namespace streamtensor::fuzz
