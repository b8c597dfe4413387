// SPDX-License-Identifier: Apache-2.0
// Thousands of damaged xclbins, from seeds: the validator never crashes, and what it lets pass AMD's
// library opens without harm.
#include <gtest/gtest.h>
#include <xrt/xrt_device.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "artifact/xclbin/validate.h"
#include "tests/artifact/xclbin/xclbin_sample.h"

namespace streamtensor::artifact::xclbin {
namespace {

using Bytes = std::vector<std::byte>;

int EnvironmentNumber(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::atoi(text);
}

uint64_t Below(std::mt19937_64& random, uint64_t bound) { return random() % bound; }

// A place in the file; half of the time in the header or the small sections, where structure is.
std::size_t Place(std::mt19937_64& random, const Bytes& file) {
  if (Below(random, 2) == 0) return Below(random, file.size());
  static const Bytes sample = SampleXclbin();
  const auto* const top = reinterpret_cast<const axlf*>(sample.data());
  const auto& section = top->m_sections[Below(random, top->m_header.m_numSections)];
  const std::size_t begin = Below(random, 3) == 0 ? 0 : section.m_sectionOffset;
  return std::min<std::size_t>(begin + Below(random, 600), file.size() - 1);
}

void DamageOnce(std::mt19937_64& random, Bytes* file) {
  if (file->empty()) return;
  switch (Below(random, 6)) {
    case 0:
      (*file)[Place(random, *file)] ^= std::byte(1u << Below(random, 8));
      return;
    case 1:
      (*file)[Place(random, *file)] = std::byte(random());
      return;
    case 2: {  // a 32-bit field gets an extreme value
      static constexpr uint32_t kValues[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 33};
      const std::size_t at = Place(random, *file) & ~std::size_t{3};
      if (at + 4 <= file->size()) std::memcpy(file->data() + at, &kValues[Below(random, 7)], 4);
      return;
    }
    case 3:
      file->resize(Below(random, file->size() + 1));
      return;
    case 4: {  // a piece is taken out
      const std::size_t at = Place(random, *file),
                        length = std::min<std::size_t>(1 + Below(random, 64), file->size() - at);
      file->erase(file->begin() + static_cast<std::ptrdiff_t>(at),
                  file->begin() + static_cast<std::ptrdiff_t>(at + length));
      return;
    }
    default: {  // a piece is written over another place
      const std::size_t from = Place(random, *file), to = Place(random, *file);
      const std::size_t length = std::min({1 + Below(random, 128), file->size() - from, file->size() - to});
      std::memmove(file->data() + to, file->data() + from, length);
    }
  }
}

TEST(DamagedXclbins, NeitherCrashNorPassUnread) {
  const int files = EnvironmentNumber("STREAMTENSOR_DAMAGED_FILES", 8000);
  const int seed = EnvironmentNumber("STREAMTENSOR_SEED", 1);
  const Bytes sample = SampleXclbin();
  int passed = 0;
  for (int i = 0; i < files; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", file " + std::to_string(i));
    std::mt19937_64 random(static_cast<uint64_t>(seed) * 1000003 + static_cast<uint64_t>(i));
    Bytes file = sample;
    for (uint64_t k = 1 + Below(random, 3); k > 0; --k) DamageOnce(random, &file);
    // On the heap, with nothing behind it: a sanitizer sees a read too far.
    const std::unique_ptr<std::byte[]> exact(new std::byte[file.size()]);
    std::memcpy(exact.get(), file.data(), file.size());
    const absl::StatusOr<Xclbin> contents = ValidateXclbin({exact.get(), file.size()});
    if (!contents.ok()) {
      ASSERT_EQ(contents.status().code(), absl::StatusCode::kInvalidArgument);
      ASSERT_NE(std::string(contents.status().message()).find("offset"), std::string::npos)
          << contents.status();
      continue;
    }
    ++passed;
    // Bitstream, metadata text and free fields may differ; AMD's reader must cope with the rest.
    const auto* begin = reinterpret_cast<const char*>(file.data());
    try {
      const xrt::xclbin opened(std::vector<char>(begin, begin + file.size()));
      for (const auto& kernel : opened.get_kernels()) {
        for (const auto& argument : kernel.get_args()) {
          for (const auto& memory : argument.get_mems()) EXPECT_FALSE(memory.get_tag().size() > 15);
        }
      }
    } catch (const std::exception&) {  // a clear refusal is fine
    }
  }
  std::printf("seed %d: %d damaged files, %d still valid (changed where it does not matter)\n", seed, files,
              passed);
  EXPECT_LT(passed, files / 2);
}

}  // namespace
}  // namespace streamtensor::artifact::xclbin
