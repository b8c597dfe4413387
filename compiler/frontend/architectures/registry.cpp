// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/registry.h"

#include <string>
#include <string_view>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

#define ST_ARCHITECTURE(name, read) \
  absl::StatusOr<std::unique_ptr<const DecoderModel>> read(const Checkpoint& checkpoint);
#include "compiler/frontend/architectures/architectures.def"
#undef ST_ARCHITECTURE

namespace {

struct Architecture {
  std::string_view name;
  absl::StatusOr<std::unique_ptr<const DecoderModel>> (*read)(const Checkpoint& checkpoint);
};

constexpr Architecture kArchitectures[] = {
#define ST_ARCHITECTURE(name, read) {(name), &(read)},
#include "compiler/frontend/architectures/architectures.def"
#undef ST_ARCHITECTURE
};

std::string KnownNames() {
  std::string names;
  for (const Architecture& architecture : kArchitectures) {
    names += Message(names.empty() ? "'" : ", '", architecture.name, "'");
  }
  return names;
}

// A GGUF file may hold an adapter, or a part of a model.
absl::Status CheckWholeModel(const Checkpoint& checkpoint) {
  if (checkpoint.dialect() != CheckpointDialect::kGguf) return absl::OkStatus();
  if (checkpoint.Has("general.type")) {
    ASSIGN_OR_RETURN(const std::string type, checkpoint.GetString("general.type"));
    if (type != "model") {
      return absl::UnimplementedError(Message("the file holds a ", Quoted(type), ", not a model"));
    }
  }
  if (checkpoint.Has("split.count")) {
    ASSIGN_OR_RETURN(const uint64_t parts, checkpoint.GetUint("split.count"));
    if (parts > 1) {
      return absl::UnimplementedError(
          Message("the file is one of ", parts, " parts; merge them first (gguf-split --merge)"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadDecoder(const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const std::string name, checkpoint.architecture());
  RETURN_IF_ERROR(CheckWholeModel(checkpoint));
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == name) return architecture.read(checkpoint);
  }
  return absl::UnimplementedError(
      Message("architecture ", Quoted(name), " can't be compiled yet; ", KnownNames(), " can"));
}

}  // namespace streamtensor::compiler
