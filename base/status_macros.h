// SPDX-License-Identifier: Apache-2.0
// Early returns of absl::Status and absl::StatusOr:
//
//   RETURN_IF_ERROR(file.Close());
//   ASSIGN_OR_RETURN(const Config config, ReadConfig(path));
//   ASSIGN_OR_RETURN(member_, ReadConfig(path));
//
// The enclosing function returns absl::Status or any absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Evaluates an absl::Status expression once.
#define RETURN_IF_ERROR(...)                                                       \
  do {                                                                             \
    if (absl::Status st_status = (__VA_ARGS__); !st_status.ok()) return st_status; \
  } while (false)

// `target` is a declaration or an assignable expression; evaluates an absl::StatusOr expression once. A type
// that contains a comma needs `auto`.
#define ASSIGN_OR_RETURN(target, ...) \
  ST_ASSIGN_OR_RETURN(ST_STATUS_NAME(st_value_or_, __COUNTER__), target, __VA_ARGS__)

#define ST_ASSIGN_OR_RETURN(value_or, target, ...)         \
  auto value_or = (__VA_ARGS__);                           \
  if (!value_or.ok()) return std::move(value_or).status(); \
  target = *std::move(value_or)

#define ST_STATUS_NAME(prefix, number) ST_STATUS_NAME_EXPANDED(prefix, number)
#define ST_STATUS_NAME_EXPANDED(prefix, number) prefix##number
