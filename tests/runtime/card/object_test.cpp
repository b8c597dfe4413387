// SPDX-License-Identifier: Apache-2.0
// Loading one object: good, damaged, foreign.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "artifact/object_index.h"
#include "kernels/host/aligned_array.h"
#include "runtime/card/design_launcher.h"
#include "runtime/card/object_loader.h"

namespace streamtensor::runtime::card {
namespace {

using testing::Test;

std::vector<std::byte> Bytes(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::vector<std::byte> ReadObject(const std::string& name) {
  std::ifstream file(std::string(DESIGN_DIR) + "/" + name + ".so", std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return Bytes(std::string{std::istreambuf_iterator<char>(file), {}});
}

class IsaVariable {
 public:
  explicit IsaVariable(const char* value) { setenv("STREAMTENSOR_ISA", value, 1); }
  ~IsaVariable() { unsetenv("STREAMTENSOR_ISA"); }
};

TEST(ObjectLoader, RefusesWhatIsNoDesign) {
  EXPECT_EQ(LoadedObject::Load({}).status().message(),
            "the design's object is not an x86-64 ELF shared object");
  EXPECT_FALSE(LoadedObject::Load(Bytes(std::string(4096, 'x'))).ok());
  EXPECT_EQ(CheckObject(ReadObject("exports_two")).message(),
            "the design's object exports 'other_symbol'; it may export st_launch alone");
  EXPECT_EQ(CheckObject(ReadObject("exports_none")).message(),
            "the design's object does not export the function st_launch");
}

TEST(ObjectLoader, RefusesDamagedHeadersWithoutCrashing) {
  const auto good = ReadObject("exports_st_launch");
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    auto object = good;
    for (int flips = 0; flips < 3; ++flips) object[random() % 64] = static_cast<std::byte>(random());
    if (random() % 2 == 0) object.resize(random() % object.size());
    CheckObject(object).IgnoreError();
  }
}

TEST(DesignLauncherIndexed, LoadsTheForcedObject) {
  const auto object = ReadObject("exports_st_launch");
  const artifact::ObjectEntry entries[] = {{"x86-64-v3", object}};
  const auto section = *artifact::WriteObjectIndex(entries);
  {
    const IsaVariable isa("x86-64-v3");
    const auto launcher = DesignLauncher::LoadIndexed(section);
    ASSERT_TRUE(launcher.ok()) << launcher.status();
    EXPECT_EQ((*launcher)->isa(), "x86-64-v3");
    st::host::AlignedArray<uint32_t> out(16);
    void* const args[] = {out.data()};
    EXPECT_EQ((*launcher)->Launch(args).code, LaunchCode::kCompleted);
    EXPECT_EQ(out[0], 42u);
  }
  {
    const IsaVariable isa("x86-64-v4-vnni");
    EXPECT_EQ(DesignLauncher::LoadIndexed(section).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST(DesignLauncherIndexed, TwoLoadsAreTwoDesigns) {
  const auto object = ReadObject("exports_st_launch");
  const auto a = DesignLauncher::Load(object), b = DesignLauncher::Load(object);
  ASSERT_TRUE(a.ok() && b.ok());
  st::host::AlignedArray<uint32_t> out(16);
  void* const args[] = {out.data()};
  EXPECT_EQ((*a)->Launch(args).code, LaunchCode::kCompleted);
  EXPECT_EQ((*b)->Launch(args).code, LaunchCode::kCompleted);
  EXPECT_EQ((*a)->Launch(args).code, LaunchCode::kCompleted);
}

}  // namespace
}  // namespace streamtensor::runtime::card
