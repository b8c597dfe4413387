// SPDX-License-Identifier: Apache-2.0
#include "compiler/platform/platform.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "kernels/contract/limits.h"
#include "yaml-cpp/yaml.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxTextBytes = 1000;
// A name goes into the names of emulated platforms, which have room for 63 characters.
constexpr size_t kMaxNameBytes = 32;
constexpr size_t kMaxVitisNameBytes = 63;
constexpr size_t kMaxBankNameBytes = 10;  // beside the number; a tag in an xclbin has room for 15
constexpr int64_t kPageBytes = 4096;
constexpr double kMegahertz = 1e6;
// What 512-bit words can use of a block: a word takes eight columns of 72 bits, and leaves the ninth byte of
// each.
constexpr double kBytesPerBram36 = 4096;
constexpr double kBytesPerUram = 32768;

// The kinds of memory there are, and whether each is HBM.
struct MemoryKind {
  const char* name;
  bool is_hbm;
};
constexpr MemoryKind kMemoryKinds[] = {{"HBM2", true}, {"HBM2e", true}, {"DDR4", false}};

std::string MemoryKindNames() {
  return absl::StrJoin(kMemoryKinds, ", ",
                       [](std::string* out, const MemoryKind& kind) { absl::StrAppend(out, kind.name); });
}

std::string Shown(const YAML::Node& node) {
  return node.IsScalar() ? absl::CHexEscape(node.Scalar().substr(0, 100)) : "?";
}

// One mapping of the file, read key by key. The first error sticks; later reads do nothing.
class Section {
 public:
  Section(std::string file, std::string name, YAML::Node node, absl::Status* status)
      : file_(std::move(file)), name_(std::move(name)), node_(std::move(node)), status_(status) {
    if (!status_->ok()) return;
    if (!node_.IsMap()) {
      Fail(node_, absl::StrCat(name_.empty() ? "the file" : name_, " must be a mapping"));
      return;
    }
    std::set<std::string> seen;
    for (const auto& entry : node_) {
      if (!entry.first.IsScalar()) {
        Fail(entry.first, "keys must be words");
      } else if (!seen.insert(entry.first.Scalar()).second) {
        Fail(entry.first, absl::StrCat("key '", Shown(entry.first), "' stands twice"));
      }
    }
  }

  // Call last: whatever was not asked for is unknown.
  void Close() {
    if (!status_->ok()) return;
    for (const auto& entry : node_) {
      if (!asked_.count(entry.first.Scalar())) {
        return Fail(entry.first, absl::StrCat("unknown key '", Shown(entry.first),
                                              "'; known: ", absl::StrJoin(asked_, ", ")));
      }
    }
  }

  YAML::Node Get(const std::string& key) {
    asked_.insert(key);
    if (!status_->ok()) return YAML::Node();
    YAML::Node value = std::as_const(node_)[key];
    if (!value.IsDefined()) {
      Fail(node_, absl::StrCat("'", Path(key), "' is missing"));
      return YAML::Node();
    }
    return value;
  }

  void Read(const std::string& key, std::string* out) {
    YAML::Node value = Get(key);
    if (!status_->ok()) return;
    // Some of these stand in files that other programs run: a second line there would be a line of its own.
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    if (text.empty() || text.size() > kMaxTextBytes ||
        !std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isprint(c); })) {
      return Fail(value, absl::StrCat("'", Path(key), "' must be one line of 1 to ", kMaxTextBytes,
                                      " printable ASCII characters, found '", Shown(value), "'"));
    }
    *out = text;
  }

  // A name that goes into commands and files of other programs.
  void ReadName(const std::string& key, size_t most, std::string* out) {
    YAML::Node value = Get(key);
    if (!status_->ok()) return;
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    if (text.empty() || text.size() > most || !std::all_of(text.begin(), text.end(), [](unsigned char c) {
          return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
        })) {
      return Fail(value, absl::StrCat("'", Path(key), "' must be a name of 1 to ", most,
                                      " letters, digits, '_', '-' or '.', found '", Shown(value), "'"));
    }
    *out = text;
  }

  // How banks are called: a name with kBankField in it, once.
  void ReadBankName(const std::string& key, std::string* out) {
    YAML::Node value = Get(key);
    if (!status_->ok()) return;
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const size_t at = text.find(kBankField);
    std::string rest = text;
    if (at != std::string::npos) rest.erase(at, sizeof(kBankField) - 1);
    const bool plain = std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
      return absl::ascii_isalnum(c) || c == '_' || c == '[' || c == ']';
    });
    if (at == std::string::npos || !plain || rest.size() > kMaxBankNameBytes) {
      return Fail(value, absl::StrCat("'", Path(key), "' must hold ", kBankField, " once, beside at most ",
                                      kMaxBankNameBytes, " letters, digits, '_', '[' or ']', found '",
                                      Shown(value), "'"));
    }
    *out = text;
  }

  void Read(const std::string& key, double least, double most, double* out) {
    YAML::Node value = Get(key);
    if (!status_->ok()) return;
    double number = 0;
    if (!value.IsScalar() || !YAML::convert<double>::decode(value, number) || !std::isfinite(number) ||
        number < least || number > most) {
      return Fail(value, absl::StrCat("'", Path(key), "' must be a number from ", least, " to ", most,
                                      ", found '", Shown(value), "'"));
    }
    *out = number;
  }

  void Read(const std::string& key, int64_t least, int64_t most, int64_t* out) {
    YAML::Node value = Get(key);
    if (!status_->ok()) return;
    int64_t number = 0;
    if (!value.IsScalar() || !YAML::convert<int64_t>::decode(value, number) || number < least ||
        number > most) {
      return Fail(value, absl::StrCat("'", Path(key), "' must be a whole number from ", least, " to ", most,
                                      ", found '", Shown(value), "'"));
    }
    *out = number;
  }

  Section Child(const std::string& key) { return Section(file_, Path(key), Get(key), status_); }

  // Whether an optional key is there.
  bool Has(const std::string& key) {
    asked_.insert(key);
    return status_->ok() && std::as_const(node_)[key].IsDefined();
  }

  void Fail(const YAML::Node& at, const std::string& what) {
    if (!status_->ok()) return;
    const YAML::Mark mark = at.Mark();
    *status_ =
        absl::InvalidArgumentError(absl::StrCat(file_, ":", mark.line + 1, ":", mark.column + 1, ": ", what));
  }

  std::string Path(const std::string& key) const {
    return name_.empty() ? key : absl::StrCat(name_, ".", key);
  }

 private:
  std::string file_;
  std::string name_;
  YAML::Node node_;
  absl::Status* status_;
  std::set<std::string> asked_;
};

constexpr int64_t kMaxBankBytes = int64_t{1} << 50;
constexpr int64_t kMaxUnits = 1000000000;
constexpr size_t kMaxSlrs = 16;

void ReadCounts(Section section, LogicResources<int64_t>* out) {
  section.Read("lut", int64_t{1}, kMaxUnits, &out->lut);
  section.Read("ff", int64_t{1}, kMaxUnits, &out->ff);
  section.Read("bram36", int64_t{1}, kMaxUnits, &out->bram36);
  section.Read("uram", int64_t{0}, kMaxUnits, &out->uram);
  section.Read("dsp", int64_t{1}, kMaxUnits, &out->dsp);
  section.Close();
}

void ReadLogic(Section logic, const std::string& file, Platform* platform, absl::Status* status) {
  YAML::Node slrs = logic.Get("slrs");
  if (!status->ok()) return;
  if (!slrs.IsSequence() || slrs.size() == 0 || slrs.size() > kMaxSlrs) {
    return logic.Fail(slrs, absl::StrCat("'logic.slrs' must be a list of 1 to ", kMaxSlrs, " dies"));
  }
  for (const auto& slr : slrs) {
    platform->slrs.emplace_back();
    ReadCounts(Section(file, "logic.slrs", slr, status), &platform->slrs.back());
  }
  Section limits = logic.Child("limits");
  limits.Read("lut", 0.01, 1.0, &platform->limits.lut);
  limits.Read("ff", 0.01, 1.0, &platform->limits.ff);
  limits.Read("bram36", 0.01, 1.0, &platform->limits.bram36);
  limits.Read("uram", 0.01, 1.0, &platform->limits.uram);
  limits.Read("dsp", 0.01, 1.0, &platform->limits.dsp);
  limits.Close();
  logic.Close();
}

void ReadMemory(Section memory, Platform::Memory* out) {
  memory.Read("kind", &out->kind);
  if (std::none_of(std::begin(kMemoryKinds), std::end(kMemoryKinds),
                   [&](const MemoryKind& kind) { return out->kind == kind.name; })) {
    memory.Fail(memory.Get("kind"), absl::StrCat("'memory.kind' must be one of ", MemoryKindNames(),
                                                 ", found '", absl::CHexEscape(out->kind), "'"));
  }
  memory.ReadBankName("connectivity_name", &out->connectivity_name);
  memory.ReadBankName("topology_name", &out->topology_name);
  memory.Read("banks", int64_t{1}, int64_t{contract::kMaxMemoryBanks}, &out->banks);
  memory.Read("bytes_per_bank", kPageBytes, kMaxBankBytes, &out->bytes_per_bank);
  memory.Read("bytes_per_second_per_bank", 1e6, 1e12, &out->bytes_per_second_per_bank);
  memory.Read("burst_efficiency", 0.01, 1.0, &out->burst_efficiency);
  memory.Read("refresh_interval_seconds", 1.1e-6, 1.0, &out->refresh_interval_seconds);
  memory.Read("refresh_seconds", 0.0, 1e-6, &out->refresh_seconds);
  memory.Read("read_latency_seconds", 0.0, 1e-4, &out->read_latency_seconds);
  memory.Close();
}

// What no single value shows.
absl::Status CheckConsistent(const Platform& platform, const std::string& path) {
  const auto wrong = [&path](const auto&... parts) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", parts...));
  };
  if (platform.name != fs::path(path).stem().string()) {
    return wrong("'name' is '", platform.name, "'; it must be the file's name without .yaml");
  }
  if (std::fmod(platform.clock_hz, kMegahertz) != 0) {
    return wrong("'clock.frequency_hz' is ", platform.clock_hz, "; v++ takes whole MHz");
  }
  const Platform::Memory& memory = platform.memory;
  if (memory.bytes_per_bank % kPageBytes != 0) {
    return wrong("'memory.bytes_per_bank' is ", memory.bytes_per_bank, "; it must be a multiple of ",
                 kPageBytes);
  }
  if (platform.engine.weight_channels > memory.banks) {
    return wrong("'engine.weight_channels' is ", platform.engine.weight_channels, ", but 'memory.banks' is ",
                 memory.banks, "; each channel needs a bank of its own");
  }
  return absl::OkStatus();
}

absl::StatusOr<Platform> Parse(const std::string& path, const YAML::Node& root) {
  absl::Status status;
  Platform platform;
  Section top(path, "", root, &status);
  top.ReadName("name", kMaxNameBytes, &platform.name);
  top.Read("title", &platform.title);
  top.ReadName("part", kMaxVitisNameBytes, &platform.part);
  if (top.Has("vitis")) {
    platform.vitis.emplace();
    Section vitis = top.Child("vitis");
    vitis.ReadName("platform", kMaxVitisNameBytes, &platform.vitis->platform);
    vitis.ReadName("shell", kMaxVitisNameBytes, &platform.vitis->shell);
    vitis.Close();
  }

  Section clock = top.Child("clock");
  clock.Read("frequency_hz", kMegahertz, 2e9, &platform.clock_hz);
  clock.Close();

  ReadMemory(top.Child("memory"), &platform.memory);

  Section engine = top.Child("engine");
  engine.Read("weight_channels", int64_t{1}, int64_t{contract::kMaxMemoryBanks},
              &platform.engine.weight_channels);
  engine.Read("unroll", int64_t{1}, int64_t{contract::kMaxUnroll}, &platform.engine.unroll);
  engine.Close();

  ReadLogic(top.Child("logic"), path, &platform, &status);

  Section host = top.Child("host");
  host.Read("launch_seconds", 0.0, 1.0, &platform.launch_seconds);
  host.Close();

  Section power = top.Child("power");
  power.Read("static_watts", 0.0, 10000.0, &platform.static_watts);
  power.Read("dynamic_joules_per_byte", 0.0, 1.0, &platform.dynamic_joules_per_byte);
  power.Close();

  Section sources = top.Child("sources");
  for (const char* section : {"clock", "memory", "engine", "logic", "host", "power"}) {
    sources.Read(section, &platform.sources[section]);
  }
  sources.Close();
  top.Close();
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(CheckConsistent(platform, path));
  return platform;
}

}  // namespace

int64_t Platform::ClockMhz() const { return std::llround(clock_hz / kMegahertz); }

bool Platform::Memory::IsHbm() const {
  return std::any_of(std::begin(kMemoryKinds), std::end(kMemoryKinds),
                     [&](const MemoryKind& known) { return known.is_hbm && kind == known.name; });
}

std::string Platform::Memory::ConnectivityName(int64_t bank) const {
  return absl::StrReplaceAll(connectivity_name, {{kBankField, absl::StrCat(bank)}});
}

std::string Platform::Memory::TopologyName(int64_t bank) const {
  return absl::StrReplaceAll(topology_name, {{kBankField, absl::StrCat(bank)}});
}

double Platform::Memory::UsableBytesPerSecond() const {
  return bytes_per_second_per_bank * burst_efficiency * (1 - refresh_seconds / refresh_interval_seconds);
}

double Platform::Memory::PeakBytesPerSecond() const {
  return bytes_per_second_per_bank * static_cast<double>(banks);
}

int64_t Platform::Dsps() const {
  int64_t dsps = 0;
  for (const LogicResources<int64_t>& slr : slrs) dsps += slr.dsp;
  return dsps;
}

int64_t Platform::OnChipBytes() const {
  double bytes = 0;
  for (const LogicResources<int64_t>& slr : slrs) {
    bytes += static_cast<double>(slr.bram36) * limits.bram36 * kBytesPerBram36 +
             static_cast<double>(slr.uram) * limits.uram * kBytesPerUram;
  }
  return static_cast<int64_t>(bytes);
}

absl::StatusOr<Platform> ReadPlatform(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  }
  std::ifstream file(path, std::ios::binary);
  return ParsePlatform(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

absl::StatusOr<Platform> ParsePlatform(const std::string& text, const std::string& path) {
  if (text.size() > kMaxFileBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", text.size(), " bytes, at most ", kMaxFileBytes, " are read"));
  }
  try {
    return Parse(path, YAML::Load(text));
  } catch (const YAML::Exception& failure) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ":", failure.mark.line + 1, ":", failure.mark.column + 1, ": ", absl::CHexEscape(failure.msg)));
  }
}

}  // namespace streamtensor::compiler
