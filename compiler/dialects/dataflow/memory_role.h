// SPDX-License-Identifier: Apache-2.0
// What a memory of a design is for. The roles are those of artifact.v1.Argument.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace streamtensor::compiler::dataflow {

// All roles, in the order of the kernel's arguments (docs/architecture.md, section 3).
inline constexpr llvm::StringLiteral kMemoryRoles[] = {"descriptor", "status",  "input",    "output",
                                                       "logits",     "weights", "k_read",   "v_read",
                                                       "k_write",    "v_write", "constants"};

// The KV pool that a pointer of this role points into, "k" or "v"; empty for all other roles.
inline llvm::StringRef PoolOf(llvm::StringRef role) {
  return role.starts_with("k_") || role.starts_with("v_") ? role.take_front(1) : llvm::StringRef();
}

// On the memories of a pool: bytes that it may have (assign-channels).
inline constexpr llvm::StringLiteral kRoomAttr = "dataflow.room";

}  // namespace streamtensor::compiler::dataflow
