// SPDX-License-Identifier: Apache-2.0
// Writes what v++ would make of an artifact of target hw, around an empty bitstream, or something that
// differs. Usage: make_hardware_xclbin USER_METADATA.json OUT [CHANGE...]
//   no-metadata, other-model, other-platform, emulation, other-kernel, swap-banks, rename-argument,
//   drop-argument
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "artifact/manifest_writer.h"
#include "artifact/xclbin/writer.h"
#include "compiler/platform/platform_folders.h"
#include "compiler/targets/artifact/xclbin_assembly.h"

using streamtensor::artifact::v1::Argument;
using streamtensor::artifact::v1::Manifest;
namespace xclbin = streamtensor::artifact::xclbin;

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::set<std::string> changes(argv + 3, argv + argc);
  const auto changed = [&](const char* what) { return changes.erase(what) != 0; };
  std::ifstream in(argv[1]);
  const std::string json((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Manifest manifest;
  if (!google::protobuf::util::JsonStringToMessage(json, &manifest).ok()) return 1;

  const std::vector<std::byte> bitstream(64, std::byte{0});
  xclbin::WriterInput input;
  const auto platform = streamtensor::compiler::FindPlatform(manifest.platform());
  if (!platform.ok() || !platform->vitis) return 1;
  input.platform = platform->name;
  input.part = platform->part;
  input.banks = streamtensor::compiler::MemoryBanks(*platform);
  input.emulation = changed("emulation");
  if (!input.emulation) {
    input.vbnv =
        changed("other-platform") ? "xilinx_u280_gen3x16_xdma_1_202211_1" : platform->vitis->platform;
  }
  input.kernel = changed("other-kernel") ? "vadd" : manifest.kernel().name();
  for (const Argument& argument : manifest.kernel().arguments())
    input.arguments.push_back({argument.name(), "void*", argument.bank()});
  if (changed("swap-banks")) std::swap(input.arguments[4].bank, input.arguments[5].bank);
  if (changed("rename-argument")) input.arguments[2].name = "other";
  if (changed("drop-argument")) input.arguments.pop_back();
  input.clock_hz = platform->clock_hz;
  input.bitstream = bitstream;
  input.compiler_version = "test";
  if (changed("other-model")) manifest.set_model_name("other");
  if (!changed("no-metadata"))
    input.user_metadata = *streamtensor::artifact::ManifestToUserMetadata(manifest);
  if (!changes.empty()) {
    std::fprintf(stderr, "unknown change '%s'\n", changes.begin()->c_str());
    return 2;
  }
  const auto file = xclbin::WriteXclbin(input);
  if (!file.ok()) {
    std::fprintf(stderr, "%s\n", std::string(file.status().message()).c_str());
    return 1;
  }
  std::ofstream(argv[2], std::ios::binary)
      .write(reinterpret_cast<const char*>(file->data()), static_cast<std::streamsize>(file->size()));
  return 0;
}
