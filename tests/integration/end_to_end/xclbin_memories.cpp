// SPDX-License-Identifier: Apache-2.0
// Prints the memory banks of an xclbin as AMD's library reads them, one a line: name, kind, bytes, address,
// whether it is used.
#include <xrt/xrt_device.h>

#include <cinttypes>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  using Type = xrt::xclbin::mem::memory_type;
  const xrt::xclbin image(argv[1]);
  for (const xrt::xclbin::mem& memory : image.get_mems()) {
    const Type type = memory.get_type();
    const char* const kind = type == Type::hbm ? "hbm" : type == Type::ddr4 ? "ddr4" : "other";
    std::printf("%s %s %" PRIu64 " %" PRIu64 " %d\n", memory.get_tag().c_str(), kind,
                memory.get_size_kb() << 10, memory.get_base_address(), memory.get_used() ? 1 : 0);
  }
  return 0;
}
