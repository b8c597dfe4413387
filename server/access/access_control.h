// SPDX-License-Identifier: Apache-2.0
// Who may ask for what, and how often.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/access/client_tokens.h"
#include "server/access/rate_limiter.h"

namespace streamtensor::server {

// What a status says about when to try again: the name of its payload, milliseconds in decimal.
inline constexpr char kRetryAfterPayload[] = "retry-after-ms";

// Thread-safe.
class AccessControl {
 public:
  // Without tokens everybody may ask for everything.
  void Use(std::optional<ClientTokens> tokens, int64_t requests_per_minute);

  // `authorization` is the request's metadata of that name, `peer` gRPC's name of who connected. A request
  // that counts against the rate says so.
  //  UNAUTHENTICATED    no token, or one that nobody has
  //  PERMISSION_DENIED  the model is not among the client's
  //  RESOURCE_EXHAUSTED too often; with kRetryAfterPayload
  absl::Status Admit(const std::string& authorization, const std::string& peer, const std::string& model,
                     bool counts, absl::Time now);

 private:
  std::mutex mutex_;
  std::shared_ptr<const ClientTokens> tokens_;  // guarded by mutex_
  RateLimiter rate_;
};

}  // namespace streamtensor::server
