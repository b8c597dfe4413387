// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/argument_buffers.h"

#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace streamtensor::runtime {
namespace {

using artifact::v1::Argument;
using artifact::v1::Kernel;

// K_WRITE names the buffer of K_READ.
Argument::Role OwnerRole(Argument::Role role) {
  if (role == Argument::ROLE_K_WRITE) return Argument::ROLE_K_READ;
  if (role == Argument::ROLE_V_WRITE) return Argument::ROLE_V_READ;
  return role;
}

bool IsPool(Argument::Role role) { return role == Argument::ROLE_K_READ || role == Argument::ROLE_V_READ; }

bool IsFilledFromFile(Argument::Role role) {
  return role == Argument::ROLE_WEIGHTS || role == Argument::ROLE_CONSTANTS;
}

absl::Status Annotate(const absl::Status& status, const Argument& argument) {
  return absl::Status(status.code(), absl::StrCat("kernel argument ", argument.index(), " (", argument.name(),
                                                  "): ", status.message()));
}

}  // namespace

std::size_t ArgumentBuffers::IndexOf(Argument::Role role) const {
  int index = 0;
  while (index < kernel_->arguments_size() && kernel_->arguments(index).role() != role) ++index;
  ST_CHECK(index < kernel_->arguments_size(), "no argument of role ", Argument::Role_Name(role));
  return static_cast<std::size_t>(index);
}

absl::StatusOr<ArgumentBuffers> ArgumentBuffers::Upload(const Kernel& kernel, const artifact::Artifact* files,
                                                        int64_t pages, Card& card) {
  ArgumentBuffers result(kernel);
  result.by_index_.resize(static_cast<std::size_t>(kernel.arguments_size()));
  for (const Argument& argument : kernel.arguments()) {
    if (OwnerRole(argument.role()) != argument.role()) continue;
    const uint64_t count = IsPool(argument.role()) ? static_cast<uint64_t>(pages) : 1;
    absl::StatusOr<std::unique_ptr<CardBuffer>> buffer =
        card.Allocate(argument.index(), argument.bytes() * count);
    if (!buffer.ok()) return Annotate(buffer.status(), argument);
    if (files != nullptr && IsFilledFromFile(argument.role())) {
      const std::span<const std::byte> bytes = files->ArgumentBytes(argument);
      std::memcpy((*buffer)->host().data(), bytes.data(), bytes.size());
      if (absl::Status status = (*buffer)->ToCard(0, bytes.size()); !status.ok()) {
        return Annotate(status, argument);
      }
    }
    result.by_index_[argument.index()] = buffer->get();
    result.owned_.push_back(*std::move(buffer));
  }
  for (const Argument& argument : kernel.arguments()) {
    CardBuffer*& buffer = result.by_index_[argument.index()];
    if (buffer == nullptr) buffer = result.by_index_[result.IndexOf(OwnerRole(argument.role()))];
    if (absl::Status status = card.SetArgument(argument.index(), *buffer); !status.ok()) {
      return Annotate(status, argument);
    }
  }
  return result;
}

}  // namespace streamtensor::runtime
