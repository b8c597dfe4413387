// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/platform/platform.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/word.h"
#include "yaml-cpp/yaml.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFileBytes = 1 << 20;

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
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Fail(value, absl::StrCat("'", Path(key), "' must be a text"));
    }
    *out = value.Scalar();
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

  const std::set<std::string>& asked() const { return asked_; }

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

constexpr int64_t kMany = int64_t{1} << 50;

void ReadTargets(Section& top, std::vector<std::string>* targets, const absl::Status& status) {
  YAML::Node list = top.Get("targets");
  if (!status.ok()) return;
  if (!list.IsSequence() || list.size() == 0) return top.Fail(list, "'targets' must be a list");
  for (const auto& target : list) {
    if (!target.IsScalar() || (target.Scalar() != "emulation" && target.Scalar() != "hw")) {
      return top.Fail(target, "'targets' may hold: emulation, hw");
    }
    targets->push_back(target.Scalar());
  }
}

void ReadCounts(Section section, LogicResources<int64_t>* out) {
  section.Read("lut", int64_t{1}, kMany, &out->lut);
  section.Read("ff", int64_t{1}, kMany, &out->ff);
  section.Read("bram36", int64_t{1}, kMany, &out->bram36);
  section.Read("uram", int64_t{0}, kMany, &out->uram);
  section.Read("dsp", int64_t{1}, kMany, &out->dsp);
  section.Close();
}

void ReadLogic(Section logic, const std::string& file, Platform* platform, absl::Status* status) {
  YAML::Node slrs = logic.Get("slrs");
  if (!status->ok()) return;
  if (!slrs.IsSequence() || slrs.size() == 0) return logic.Fail(slrs, "'logic.slrs' must be a list");
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

absl::StatusOr<Platform> Parse(const std::string& path, const YAML::Node& root) {
  absl::Status status;
  Platform platform;
  Section top(path, "", root, &status);
  top.Read("name", &platform.name);
  top.Read("title", &platform.title);
  ReadTargets(top, &platform.targets, status);
  top.Read("part", &platform.part);
  top.Read("platform", &platform.platform);
  top.Read("shell", &platform.shell);

  Section clock = top.Child("clock");
  clock.Read("frequency_hz", 1e6, 2e9, &platform.clock_hz);
  clock.Close();

  Section memory = top.Child("memory");
  memory.Read("kind", &platform.memory.kind);
  memory.Read("tag", &platform.memory.tag);
  memory.Read("channels", int64_t{1}, int64_t{256}, &platform.memory.channels);
  memory.Read("bytes_per_channel", int64_t{4096}, kMany, &platform.memory.bytes_per_channel);
  memory.Read("bytes_per_second_per_channel", 1e6, 1e12, &platform.memory.bytes_per_second_per_channel);
  memory.Read("burst_efficiency", 0.01, 1.0, &platform.memory.burst_efficiency);
  memory.Read("refresh_interval_seconds", 1.1e-6, 1.0, &platform.memory.refresh_interval_seconds);
  memory.Read("refresh_seconds", 0.0, 1e-6, &platform.memory.refresh_seconds);
  memory.Read("port_bits", int64_t{contract::kWordBits}, int64_t{contract::kWordBits},
              &platform.memory.port_bits);
  memory.Read("read_latency_seconds", 0.0, 1e-4, &platform.memory.read_latency_seconds);
  memory.Close();

  Section engine = top.Child("engine");
  engine.Read("weight_channels", int64_t{1}, int64_t{contract::kMaxWeightChannels},
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
  if (!status.ok()) return status;
  if (platform.name != fs::path(path).stem().string()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": 'name' is '",
                                                   absl::CHexEscape(platform.name.substr(0, 100)),
                                                   "'; it must be the file's name without .yaml"));
  }
  return platform;
}

std::vector<fs::path> PlatformFolders() {
  std::vector<fs::path> folders;
  if (const char* folder = std::getenv("STREAMTENSOR_PLATFORM_DIR"); folder && *folder) {
    folders.emplace_back(folder);
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(program.parent_path().parent_path() / "share/streamtensor/platforms");
#ifdef ST_SOURCE_DIR
  folders.push_back(fs::path(ST_SOURCE_DIR) / "configs/platforms");
#endif
  return folders;
}

}  // namespace

double Platform::Memory::UsableBytesPerSecond() const {
  return bytes_per_second_per_channel * burst_efficiency * (1 - refresh_seconds / refresh_interval_seconds);
}

double Platform::Memory::PeakBytesPerSecond() const {
  return bytes_per_second_per_channel * static_cast<double>(channels);
}

int64_t Platform::Dsps() const {
  int64_t dsps = 0;
  for (const LogicResources<int64_t>& slr : slrs) dsps += slr.dsp;
  return dsps;
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

absl::StatusOr<Platform> FindPlatform(const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  std::set<std::string> known;
  for (const fs::path& folder : PlatformFolders()) {
    std::error_code error;
    if (plain && fs::is_regular_file(folder / (name + ".yaml"), error)) {
      return ReadPlatform((folder / (name + ".yaml")).string());
    }
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".yaml") known.insert(entry.path().stem().string());
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "unknown platform '", name, "'; known: ", known.empty() ? "none found" : absl::StrJoin(known, ", ")));
}

}  // namespace streamtensor::compiler
