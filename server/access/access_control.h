// SPDX-License-Identifier: Apache-2.0
// Who may ask for what, and how often.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/access/client_tokens.h"
#include "server/access/rate_limiter.h"

namespace streamtensor::server {

// What a status says about when to try again: the name of its payload, milliseconds in decimal.
inline constexpr char kRetryAfterPayload[] = "retry-after-ms";

// Thread-safe.
class AccessControl {
 public:
  // Without tokens everybody may ask for everything. `requests_per_minute` of one client; 0: no limit.
  void SetPolicy(std::optional<ClientTokens> tokens, int64_t requests_per_minute);

  // `authorization` is the request's metadata or header of that name, `peer` who connected
  // ("ipv4:10.0.0.7:51234"); its port does not tell clients apart. `counts`: the request counts against the
  // client's rate.
  //  UNAUTHENTICATED    no token, or one that nobody has
  //  PERMISSION_DENIED  the model is not among the client's
  //  RESOURCE_EXHAUSTED too often; with kRetryAfterPayload
  absl::Status Admit(const std::string& authorization, const std::string& peer, const std::string& model,
                     bool counts, absl::Time now);

 private:
  Mutex mutex_;
  std::shared_ptr<const ClientTokens> tokens_ ABSL_GUARDED_BY(mutex_);
  RateLimiter rate_;
};

}  // namespace streamtensor::server
