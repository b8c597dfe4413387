// SPDX-License-Identifier: Apache-2.0
// Authentication, authorization and rate limits of clients.
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

// Payload of a status that says when to retry: milliseconds in decimal.
inline constexpr char kRetryAfterPayload[] = "retry-after-ms";

// A client's address as gRPC writes it ("ipv4:10.0.0.7:51234", "ipv6:%5B2001:db8::7%5D:51234") without the
// port, which differs between its connections, and of IPv6 the network.
std::string AddressOfPeer(const std::string& peer);

// Thread-safe.
class AccessControl {
 public:
  // Without tokens every client may use every model. `requests_per_minute` applies to each client; 0: no
  // limit.
  void SetPolicy(std::optional<ClientTokens> tokens, int64_t requests_per_minute);

  // `authorization` is the request's metadata or header of that name. `peer` is the client's address
  // ("ipv4:10.0.0.7:51234"); its port does not tell clients apart. `counts`: the request counts against the
  // client's rate.
  //   UNAUTHENTICATED    no token, or an unknown one
  //   PERMISSION_DENIED  the client may not use the model
  //   RESOURCE_EXHAUSTED the client exceeds its rate; with kRetryAfterPayload
  absl::Status Admit(const std::string& authorization, const std::string& peer, const std::string& model,
                     bool counts, absl::Time now);
  // Counts further requests of a client that was admitted, such as the replies beyond the first to one
  // request.
  void Spend(const std::string& authorization, const std::string& peer, int64_t requests, absl::Time now);

 private:
  std::shared_ptr<const ClientTokens> tokens() const;

  mutable Mutex mutex_;
  std::shared_ptr<const ClientTokens> tokens_ ABSL_GUARDED_BY(mutex_);
  RateLimiter rate_;
};

}  // namespace streamtensor::server
