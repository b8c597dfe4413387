// SPDX-License-Identifier: Apache-2.0
#include "compiler/platform/platform.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "base/yaml_reader.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/memory.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;
using base::YamlReader;

constexpr size_t kMaxTextBytes = 1000;
// A name goes into the names of emulated platforms, which have room for 63 characters.
constexpr size_t kMaxNameBytes = 32;
constexpr size_t kMaxVitisNameBytes = 63;
constexpr size_t kMaxBankNameBytes = 10;  // beside the number; a tag in an xclbin has room for 15
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

constexpr int64_t kMaxBankBytes = int64_t{1} << 50;
constexpr int64_t kMaxUnits = 1000000000;
constexpr size_t kMaxSlrs = 16;

bool IsNameCharacter(unsigned char c) { return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.'; }

bool IsBankNameCharacter(unsigned char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '[' || c == ']';
}

// The schema: which keys there are, what each allows and where it goes.
class PlatformReader {
 public:
  PlatformReader(YamlReader* yaml, Platform* platform) : yaml_(yaml), platform_(platform) {}

  void Read(const YAML::Node& root) {
    Platform& platform = *platform_;
    yaml_->Map(root, "",
               {Name("name", kMaxNameBytes, platform.name), Line("title", platform.title),
                Name("part", kMaxVitisNameBytes, platform.part),
                Key{"vitis", [this](auto& node, auto& path) { ReadVitis(node, path); }},
                Child("clock", {Real("frequency_hz", kMegahertz, 2e9, platform.clock_hz)}),
                Child("memory", Memory(platform.memory)),
                Child("engine", {Integer("weight_channels", 1, contract::kMaxMemoryBanks,
                                         platform.engine.weight_channels),
                                 Integer("unroll", 1, contract::kMaxUnroll, platform.engine.unroll)}),
                Child("logic", {Required("slrs", [this](auto& node, auto& path) { ReadSlrs(node, path); }),
                                Child("limits", Limits(platform.limits)),
                                Key{"sll", [this](auto& node, auto& path) { ReadSll(node, path); }}}),
                Child("host", {Real("launch_seconds", 0, 1, platform.launch_seconds)}),
                Child("power", {Real("static_watts", 0, 10000, platform.static_watts),
                                Real("dynamic_joules_per_byte", 0, 1, platform.dynamic_joules_per_byte)}),
                Child("sources", Sources())});
  }

 private:
  using Key = YamlReader::Key;
  using Keys = std::vector<Key>;

  static Key Required(const std::string& name, YamlReader::ReadValue read) {
    return {name, std::move(read), /*required=*/true};
  }
  Key Child(const std::string& name, Keys keys) {
    return Required(name,
                    [this, keys = std::move(keys)](auto& node, auto& path) { yaml_->Map(node, path, keys); });
  }
  Key Real(const std::string& name, double least, double most, double& value) {
    return Required(
        name, [=, this, &value](auto& node, auto& path) { yaml_->Real(node, path, least, most, value); });
  }
  Key Integer(const std::string& name, int64_t least, int64_t most, int64_t& value) {
    return Required(
        name, [=, this, &value](auto& node, auto& path) { yaml_->Integer(node, path, least, most, value); });
  }

  // A text that `fits`; else the error says that `allowed` is.
  Key Checked(const std::string& name, const std::string& allowed,
              std::function<bool(const std::string&)> fits, std::string& value) {
    return Required(name, [this, allowed, fits = std::move(fits), &value](auto& node, auto& path) {
      std::string text;
      yaml_->Text(node, path, text);
      if (text.empty()) return;
      if (fits(text)) {
        value = text;
        return;
      }
      yaml_->Error(node.Mark(),
                   absl::StrCat(path, " is \"", base::Printable(text, 100), "\"; allowed is ", allowed));
    });
  }
  // Some of these stand in files that other programs run: a second line there would be read as a separate
  // line.
  Key Line(const std::string& name, std::string& value) {
    return Checked(
        name, absl::StrCat("one line of 1 to ", kMaxTextBytes, " printable ASCII characters"),
        [](const std::string& text) { return text.size() <= kMaxTextBytes && base::IsPrintableAscii(text); },
        value);
  }
  // A name that goes into commands and files of other programs.
  Key Name(const std::string& name, size_t most, std::string& value) {
    return Checked(
        name, absl::StrCat("a name of 1 to ", most, " letters, digits and _ - ."),
        [most](const std::string& text) {
          return text.size() <= most && std::all_of(text.begin(), text.end(), IsNameCharacter);
        },
        value);
  }
  // How banks are called: a name with kBankField in it, once.
  Key BankName(const std::string& name, std::string& value) {
    return Checked(
        name,
        absl::StrCat("a name that holds ", kBankField, " once, beside at most ", kMaxBankNameBytes,
                     " letters, digits and _ [ ]"),
        [](const std::string& text) {
          const size_t at = text.find(kBankField);
          if (at == std::string::npos) return false;
          const std::string rest = std::string(text).erase(at, sizeof(kBankField) - 1);
          return rest.size() <= kMaxBankNameBytes &&
                 std::all_of(rest.begin(), rest.end(), IsBankNameCharacter);
        },
        value);
  }

  void ReadVitis(const YAML::Node& node, const std::string& path) {
    Platform::Vitis& vitis = platform_->vitis.emplace();
    yaml_->Map(node, path,
               {Name("platform", kMaxVitisNameBytes, vitis.platform),
                Name("shell", kMaxVitisNameBytes, vitis.shell)});
  }

  Keys Memory(Platform::Memory& memory) {
    return {Required("kind", [this, &memory](auto& node, auto& path) { ReadKind(node, path, memory.kind); }),
            BankName("connectivity_name", memory.connectivity_name),
            BankName("topology_name", memory.topology_name),
            Integer("banks", 1, contract::kMaxMemoryBanks, memory.banks),
            Integer("bytes_per_bank", contract::kBufferAlignmentBytes, kMaxBankBytes, memory.bytes_per_bank),
            Real("bytes_per_second_per_bank", 1e6, 1e12, memory.bytes_per_second_per_bank),
            Real("burst_efficiency", 0.01, 1, memory.burst_efficiency),
            Real("refresh_interval_seconds", 1.1e-6, 1, memory.refresh_interval_seconds),
            Real("refresh_seconds", 0, 1e-6, memory.refresh_seconds),
            Real("read_latency_seconds", 0, 1e-4, memory.read_latency_seconds),
            Required("slrs",
                     [this, &memory](auto& node, auto& path) { ReadMemorySlrs(node, path, memory.slrs); })};
  }

  void ReadKind(const YAML::Node& node, const std::string& path, std::string& kind) {
    std::vector<std::string> names;
    for (const MemoryKind& known : kMemoryKinds) names.emplace_back(known.name);
    if (const int choice = yaml_->Choice(node, path, names); choice >= 0)
      kind = names[static_cast<size_t>(choice)];
  }

  void ReadSlrs(const YAML::Node& node, const std::string& path) {
    if (node.IsSequence() && (node.size() == 0 || node.size() > kMaxSlrs)) {
      yaml_->Error(node.Mark(),
                   absl::StrCat(path, " has ", node.size(), " dies; allowed are 1 to ", kMaxSlrs));
      return;
    }
    yaml_->List(node, path, [this](auto& item, auto& item_path, size_t) {
      yaml_->Map(item, item_path, Counts(platform_->slrs.emplace_back()));
    });
  }

  void ReadSll(const YAML::Node& node, const std::string& path) {
    yaml_->Map(
        node, path,
        {Integer("wires", 1, kMaxUnits, platform_->sll.wires), Real("limit", 0.01, 1, platform_->sll.limit)});
  }

  void ReadMemorySlrs(const YAML::Node& node, const std::string& path, std::vector<int64_t>& slrs) {
    yaml_->List(node, path, [&](auto& item, auto& item_path, size_t) {
      yaml_->Integer(item, item_path, 0, kMaxSlrs - 1, slrs.emplace_back());
    });
  }

  Keys Counts(LogicResources<int64_t>& counts) {
    return {Integer("lut", 1, kMaxUnits, counts.lut), Integer("ff", 1, kMaxUnits, counts.ff),
            Integer("bram36", 1, kMaxUnits, counts.bram36), Integer("uram", 0, kMaxUnits, counts.uram),
            Integer("dsp", 1, kMaxUnits, counts.dsp)};
  }

  Keys Limits(LogicResources<double>& limits) {
    return {Real("lut", 0.01, 1, limits.lut), Real("ff", 0.01, 1, limits.ff),
            Real("bram36", 0.01, 1, limits.bram36), Real("uram", 0.01, 1, limits.uram),
            Real("dsp", 0.01, 1, limits.dsp)};
  }

  Keys Sources() {
    Keys keys;
    for (const char* section : {"clock", "memory", "engine", "logic", "host", "power"}) {
      keys.push_back(Line(section, platform_->sources[section]));
    }
    return keys;
  }

  YamlReader* const yaml_;
  Platform* const platform_;
};

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
  if (memory.bytes_per_bank % contract::kBufferAlignmentBytes != 0) {
    return wrong("'memory.bytes_per_bank' is ", memory.bytes_per_bank, "; it must be a multiple of ",
                 contract::kBufferAlignmentBytes);
  }
  if (memory.slrs.size() != 1 && memory.slrs.size() != static_cast<size_t>(memory.banks)) {
    return wrong("'memory.slrs' has ", memory.slrs.size(),
                 " numbers; expected one for all banks, or one for each of ", memory.banks);
  }
  for (const int64_t slr : memory.slrs) {
    if (static_cast<size_t>(slr) >= platform.slrs.size()) {
      return wrong("'memory.slrs' names die ", slr, "; 'logic.slrs' has ", platform.slrs.size());
    }
  }
  if (platform.slrs.size() > 1 && platform.sll.wires == 0) {
    return wrong("'logic.sll' is missing, but 'logic.slrs' has ", platform.slrs.size(),
                 " dies; say how many wires join two of them");
  }
  if (platform.engine.weight_channels > memory.banks) {
    return wrong("'engine.weight_channels' is ", platform.engine.weight_channels, ", but 'memory.banks' is ",
                 memory.banks, "; each channel needs its own bank");
  }
  return absl::OkStatus();
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

size_t Platform::Memory::Slr(int64_t bank) const {
  return static_cast<size_t>(slrs.size() == 1 ? slrs[0] : slrs[static_cast<size_t>(bank)]);
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
  ASSIGN_OR_RETURN(const std::string text, base::ReadYamlFile(path));
  return ParsePlatform(text, path);
}

absl::StatusOr<Platform> ParsePlatform(const std::string& text, const std::string& path) {
  Platform platform;
  YamlReader yaml(path, "the card model");
  RETURN_IF_ERROR(
      yaml.Read(text, [&](const YAML::Node& root) { PlatformReader(&yaml, &platform).Read(root); }));
  RETURN_IF_ERROR(CheckConsistent(platform, path));
  return platform;
}

}  // namespace streamtensor::compiler
