// SPDX-License-Identifier: Apache-2.0
// Checks of manifest.json and tokenizer.bin.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "artifact/artifact.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"
#include "kernels/contract/limits.h"
#include "kernels/contract/memory.h"

namespace streamtensor::artifact {
namespace {

using v1::Argument;
using v1::Decoder;
using v1::Launch;
using v1::Manifest;

constexpr std::size_t kMaxManifestBytes = 1u << 20;
constexpr int kMaxManifestDepth = 16;  // of brackets: the JSON library uses hundreds of bytes per open one
// Generous bounds that keep the products below within 64 bits.
constexpr uint64_t kMaxArgumentBytes = uint64_t{1} << 36;
constexpr std::size_t kMaxNameBytes = 4096;
constexpr uint32_t kMaxCount = 1u << 24;  // of layers, heads, widths, tokens

class Checker {
 public:
  explicit Checker(const Manifest& manifest, uint64_t weights_bytes)
      : manifest_(manifest), weights_bytes_(weights_bytes) {}

  absl::Status Check() {
    CheckHead();
    if (status_.ok()) CheckLaunch();
    if (status_.ok() && manifest_.has_decoder()) CheckDecoder();
    for (int i = 0; status_.ok() && i < manifest_.kernel().arguments_size(); ++i) CheckArgument(i);
    if (status_.ok()) CheckRoles();
    if (status_.ok()) CheckTiming();
    return status_;
  }

 private:
  template <class... Parts>
  void Fail(const Parts&... parts) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(kManifestName, ": ", parts...));
    }
  }
  void Equal(const std::string& field, uint64_t value, uint64_t expected) {
    if (value != expected) Fail(field, " is ", value, ", must be ", expected);
  }
  void Range(const std::string& field, uint64_t value, uint64_t low, uint64_t high) {
    if (value < low || value > high) Fail(field, " is ", value, ", must be ", low, "..", high);
  }

  // Text that is displayed.
  void Text(const std::string& field, const std::string& value) {
    if (value.size() > kMaxNameBytes) Fail(field, " has ", value.size(), " bytes, at most ", kMaxNameBytes);
    if (base::HasControlCharacter(value))
      Fail(field, " is '", base::Printable(value), "', must be printable");
  }
  void Name(const std::string& field, const std::string& value) {
    if (value.empty()) Fail(field, " is missing");
    Text(field, value);
  }

  void CheckHead() {
    if (manifest_.format_version() != kManifestVersion) {
      Fail("format_version is ", manifest_.format_version(), ", this program reads ", kManifestVersion,
           ": compile the model again");
    }
    Name("model_name", manifest_.model_name());
    if (manifest_.target() != Manifest::TARGET_EMULATION && manifest_.target() != Manifest::TARGET_HW) {
      Fail("target is ", manifest_.target(), ", must be TARGET_EMULATION or TARGET_HW");
    }
    Name("platform", manifest_.platform());
    Name("kernel.name", manifest_.kernel().name());
    Text("compiler_version", manifest_.compiler_version());
    Text("decoder.architecture", manifest_.decoder().architecture());
    Text("quantisation.format", manifest_.quantisation().format());
    for (int i = 0; i < manifest_.quantisation().products_size(); ++i) {
      const v1::Quantisation::Product& product = manifest_.quantisation().products(i);
      const std::string field = absl::StrCat("quantisation.products[", i, "]");
      Name(field + ".weight", product.weight());
      if (!std::isfinite(product.relative_error()) || product.relative_error() < 0)
        Fail(field, ".relative_error is ", product.relative_error());
    }
  }

  void CheckLaunch() {
    const Launch& launch = manifest_.launch();
    Equal("launch.descriptor_version", launch.descriptor_version(), contract::kDescriptorVersion);
    Equal("launch.header_words", launch.header_words(), contract::kDescriptorHeaderWords);
    Equal("launch.token_words", launch.token_words(), contract::kDescriptorTokenWords);
    Range("launch.step_tokens", launch.step_tokens(), 1, contract::kMaxStepTokens);
    Range("launch.step_logits", launch.step_logits(), 0, launch.step_tokens());
    Range("launch.max_pages", launch.max_pages(), manifest_.has_decoder() ? 1 : 0, contract::kMaxSlotPages);
  }

  void CheckDecoder() {
    const Decoder& decoder = manifest_.decoder();
    Range("decoder.layers", decoder.layers(), 1, kMaxCount);
    Range("decoder.hidden", decoder.hidden(), 1, kMaxCount);
    Range("decoder.vocabulary", decoder.vocabulary(), 1, kMaxCount);
    Range("decoder.query_heads", decoder.query_heads(), 1, kMaxCount);
    Range("decoder.kv_heads", decoder.kv_heads(), 1, kMaxCount);
    Range("decoder.head_dim", decoder.head_dim(), 1, kMaxCount);
    Range("launch.step_logits", manifest_.launch().step_logits(), 1, manifest_.launch().step_tokens());
    Equal("decoder.kv.page_tokens", decoder.kv().page_tokens(), contract::kPageTokens);
    Range("decoder.max_context", decoder.max_context(), 1,
          uint64_t{manifest_.launch().max_pages()} * contract::kPageTokens);
    const auto page_bytes =
        contract::KvPageBytes<unsigned __int128>(decoder.layers(), decoder.kv_heads(), decoder.head_dim());
    if (page_bytes > kMaxArgumentBytes || page_bytes != decoder.kv().page_bytes()) {
      Fail("decoder.kv.page_bytes is ", decoder.kv().page_bytes(), ", must be layers * kv_heads * ",
           contract::kPageTokens, " * head_dim * ", contract::kKvElementBytes, " = ",
           static_cast<uint64_t>(page_bytes));
    }
  }

  void CheckArgument(int i) {
    const Argument& argument = manifest_.kernel().arguments(i);
    const Launch& launch = manifest_.launch();
    const std::string field = absl::StrCat("kernel.arguments[", i, "]");
    Equal(field + ".index", argument.index(), static_cast<uint64_t>(i));
    Name(field + ".name", argument.name());
    Range(field + ".bank", argument.bank(), 0, contract::kMaxMemoryBanks - 1);
    Range(field + ".bytes", argument.bytes(), 1, kMaxArgumentBytes);
    const bool in_file =
        argument.role() == Argument::ROLE_WEIGHTS || argument.role() == Argument::ROLE_CONSTANTS;
    const uint64_t tokens = launch.step_tokens();
    switch (argument.role()) {
      case Argument::ROLE_DESCRIPTOR:
        AtLeast(field, argument.bytes(), 4 * contract::DescriptorWords<uint64_t>(tokens, launch.max_pages()));
        break;
      case Argument::ROLE_STATUS:
        Equal(field + ".bytes", argument.bytes(), 4 * contract::kStatusWords);
        break;
      case Argument::ROLE_LOGITS:
        Equal(field + ".width", argument.width(), manifest_.decoder().vocabulary());
        AtLeast(field, argument.bytes(), 4 * uint64_t{launch.step_logits()} * argument.width());
        break;
      case Argument::ROLE_INPUT:
      case Argument::ROLE_OUTPUT:
        Range(field + ".width", argument.width(), 1, kMaxCount);
        AtLeast(field, argument.bytes(), 4 * tokens * argument.width());
        CheckSample(field, argument);
        break;
      case Argument::ROLE_WEIGHTS:
      case Argument::ROLE_CONSTANTS:
        CheckFileRange(field, argument);
        break;
      case Argument::ROLE_K_READ:
      case Argument::ROLE_V_READ:
      case Argument::ROLE_K_WRITE:
      case Argument::ROLE_V_WRITE:
        if (!manifest_.has_decoder()) {
          Fail(field, ".role is ", Argument::Role_Name(argument.role()), ", but there is no decoder");
        } else {
          Equal(field + ".bytes", argument.bytes(), manifest_.decoder().kv().page_bytes());
        }
        break;
      default:
        Fail(field, ".role is ", static_cast<int>(argument.role()), ", which is not a role");
    }
    if (!in_file) Equal(field + ".file_offset", argument.file_offset(), 0);
  }

  void AtLeast(const std::string& field, uint64_t bytes, uint64_t min) {
    if (bytes < min) Fail(field, ".bytes is ", bytes, ", must be at least ", min);
  }

  void CheckFileRange(const std::string& field, const Argument& argument) {
    if (argument.file_offset() % contract::kBufferAlignmentBytes != 0) {
      Fail(field, ".file_offset is ", argument.file_offset(), ", must be a multiple of ",
           contract::kBufferAlignmentBytes);
    }
    if (argument.file_offset() > weights_bytes_ ||
        argument.bytes() > weights_bytes_ - argument.file_offset()) {
      Fail(field, " claims bytes ", argument.file_offset(), "+", argument.bytes(), " of ", kWeightsName,
           ", which has ", weights_bytes_);
    }
  }

  // The words of a row are those of a sample.
  void CheckSample(const std::string& field, const Argument& argument) {
    if (argument.element() == Argument::ELEMENT_UNSPECIFIED) {
      if (argument.shape_size() > 0) Fail(field, ".shape: without an element");
      return;
    }
    if (!Argument::Element_IsValid(argument.element())) {
      Fail(absl::StrCat(field, ".element is ", static_cast<int>(argument.element()), ", which is unknown"));
      return;
    }
    const bool two = argument.element() == Argument::FLOAT64 || argument.element() == Argument::INT64 ||
                     argument.element() == Argument::COMPLEX64;
    uint64_t words = two ? 2 : 1;
    for (int i = 0; i < argument.shape_size(); ++i) {
      if (i == 0 && argument.shape(i) == 0) continue;
      Range(absl::StrCat(field, ".shape[", i, "]"), argument.shape(i), 1, kMaxCount);
      words = std::min<uint64_t>(words * argument.shape(i), uint64_t{kMaxCount} + 1);
    }
    Equal(field + ".width", argument.width(), words);
    if (argument.checks_size() == 0) return;
    if (argument.role() != Argument::ROLE_OUTPUT || argument.element() != Argument::INT32 || words != 1) {
      Fail(field, ".checks: only of an OUTPUT of one INT32");
    }
    for (int i = 0; i < argument.checks_size(); ++i)
      Text(absl::StrCat(field, ".checks[", i, "]"), argument.checks(i));
  }

  void CheckRoles() {
    ExactlyOne(Argument::ROLE_DESCRIPTOR);
    ExactlyOne(Argument::ROLE_STATUS);
    if (manifest_.has_decoder()) {
      ExactlyOne(Argument::ROLE_LOGITS);
      if (Count(Argument::ROLE_INPUT) + Count(Argument::ROLE_OUTPUT) > 0) {
        Fail("kernel.arguments: a decoder has no INPUT and no OUTPUT");
      }
      SameBuffer(ExactlyOne(Argument::ROLE_K_READ), ExactlyOne(Argument::ROLE_K_WRITE));
      SameBuffer(ExactlyOne(Argument::ROLE_V_READ), ExactlyOne(Argument::ROLE_V_WRITE));
    } else {
      if (Count(Argument::ROLE_OUTPUT) == 0)
        Fail("kernel.arguments: an executable needs at least one OUTPUT");
      if (Count(Argument::ROLE_LOGITS) > 0) Fail("kernel.arguments: LOGITS, but there is no decoder");
    }
  }

  int Count(Argument::Role role) const {
    int count = 0;
    for (const Argument& argument : manifest_.kernel().arguments()) count += argument.role() == role;
    return count;
  }
  const Argument* ExactlyOne(Argument::Role role) {
    if (const int count = Count(role); count != 1) {
      Fail("kernel.arguments: ", count, " of ", Argument::Role_Name(role), ", must be exactly one");
      return nullptr;
    }
    for (const Argument& argument : manifest_.kernel().arguments()) {
      if (argument.role() == role) return &argument;
    }
    return nullptr;
  }
  void SameBuffer(const Argument* read, const Argument* write) {
    if (read == nullptr || write == nullptr || read->bank() == write->bank()) return;
    Fail("kernel.arguments[", write->index(), "].bank is ", write->bank(), ", must be ", read->bank(),
         ": it names the buffer of arguments[", read->index(), "]");
  }

  void CheckTiming() {
    const int cycles = manifest_.timing().step_cycles_size();
    if (cycles != 0 && static_cast<uint32_t>(cycles) != manifest_.launch().step_tokens()) {
      Fail("timing.step_cycles has ", cycles, " entries, must have ", manifest_.launch().step_tokens());
    }
    if (absl::Status status = streamtensor::artifact::CheckTiming(manifest_.timing()); !status.ok())
      Fail(status.message());
  }

  const Manifest& manifest_;
  const uint64_t weights_bytes_;
  absl::Status status_;
};

// The maximum nesting depth of a JSON text's brackets. The library accepts both kinds of quotes.
int DepthOf(std::string_view json) {
  int depth = 0, max_depth = 0;
  char quote = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quote != 0) {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == '{') {
      max_depth = std::max(max_depth, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return max_depth;
}

}  // namespace

absl::StatusOr<Manifest> ManifestFromJson(std::string_view json) {
  if (json.size() > kMaxManifestBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(json.size(), " bytes of JSON, at most ", kMaxManifestBytes, " are read"));
  }
  if (const int depth = DepthOf(json); depth > kMaxManifestDepth) {
    return absl::InvalidArgumentError(absl::StrCat("not a manifest: brackets are nested ", depth,
                                                   " deep, at most ", kMaxManifestDepth, " are read"));
  }
  Manifest manifest;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &manifest);
  if (status.ok()) return manifest;
  // The error and, on its own line, the surrounding text: raw bytes of the file.
  return absl::InvalidArgumentError(absl::StrCat(
      "not a manifest: ", base::PrintableMessage({status.message().data(), status.message().size()})));
}

absl::Status CheckTiming(const v1::TimingModel& timing) {
  // 2^48 cycles are days: sums and products of such figures fit 64 bits.
  constexpr uint64_t kMaxCycles = uint64_t{1} << 48;
  const auto error = [](const char* field, auto value) {
    return absl::InvalidArgumentError(
        absl::StrCat("timing.", field, " is ", value, ", which is out of range"));
  };
  const struct {
    const char* field;
    double value, max;
  } reals[] = {{"clock_hz", timing.clock_hz(), 1e12},
               {"context_page_cycles", timing.context_page_cycles(), 1e6},
               {"static_watts", timing.static_watts(), 1e6},
               {"dynamic_joules_per_step_byte", timing.dynamic_joules_per_step_byte(), 1},
               {"memory_bytes_per_second", timing.memory_bytes_per_second(), 1e15}};
  for (const auto& [field, value, max] : reals) {
    if (!std::isfinite(value) || value < 0 || value > max) return error(field, value);
  }
  const std::pair<const char*, uint64_t> counts[] = {
      {"launch_cycles", timing.launch_cycles()},
      {"logits_cycles", timing.logits_cycles()},
      {"bytes_per_step", timing.bytes_per_step()},
      {"bytes_per_context_page", timing.bytes_per_context_page()}};
  for (const auto& [field, value] : counts) {
    if (value > kMaxCycles) return error(field, value);
  }
  for (const uint64_t cycles : timing.step_cycles()) {
    if (cycles > kMaxCycles) return error("step_cycles", cycles);
  }
  return absl::OkStatus();
}

absl::Status CheckManifest(const Manifest& manifest, uint64_t weights_bytes) {
  return Checker(manifest, weights_bytes).Check();
}

}  // namespace streamtensor::artifact
