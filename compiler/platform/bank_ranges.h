// SPDX-License-Identifier: Apache-2.0
// Where buffers lie that one memory bank does not hold. A pointer of a design may be wired to a range of
// banks that follow each other: for it they are one memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/platform/platform.h"

namespace streamtensor::compiler {

// A buffer of a design, by the first bank that it lies in.
struct PlacedBuffer {
  int64_t bank = 0;
  int64_t bytes = 0;
  bool is_pool = false;  // as large as the host likes
};

// By bank (those of `memory` at least), how many banks from there on its buffers lie in. A pool, and a buffer
// that is larger than a bank, takes the banks up to the next one that is a buffer's first; all others take
// one.
inline std::vector<int64_t> BankRanges(const std::vector<PlacedBuffer>& buffers,
                                       const Platform::Memory& memory) {
  int64_t banks = memory.banks;
  for (const PlacedBuffer& buffer : buffers) banks = std::max(banks, buffer.bank + 1);
  std::vector<bool> begins(banks, false), wide(banks, false);
  for (const PlacedBuffer& buffer : buffers) {
    begins[buffer.bank] = true;
    if (buffer.is_pool || buffer.bytes > memory.bytes_per_bank) wide[buffer.bank] = true;
  }
  std::vector<int64_t> ranges(banks, 1);
  for (int64_t bank = 0; bank < banks; ++bank) {
    while (wide[bank] && bank + ranges[bank] < banks && !begins[bank + ranges[bank]]) ++ranges[bank];
  }
  return ranges;
}

// "HBM[5]", "HBM[5:8]": the name of `banks` banks from `bank` on, from that of one (Platform::Memory).
inline std::string NameOfBanks(const std::string& name, int64_t bank, int64_t banks) {
  const std::string number = banks == 1 ? absl::StrCat(bank) : absl::StrCat(bank, ":", bank + banks - 1);
  return absl::StrReplaceAll(name, {{kBankField, number}});
}

}  // namespace streamtensor::compiler
