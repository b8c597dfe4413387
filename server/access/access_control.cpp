// SPDX-License-Identifier: Apache-2.0
#include "server/access/access_control.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/access/client_network.h"

namespace streamtensor::server {
namespace {

constexpr char kScheme[] = "bearer ";

constexpr char kIpv6[] = "ipv6:%5B";
constexpr char kIpv6End[] = "%5D";

// nullptr: unknown.
const TokenHolder* HolderOf(const ClientTokens& tokens, const std::string& authorization) {
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return nullptr;
  return tokens.Find(authorization.substr(std::strlen(kScheme)));
}

}  // namespace

std::string AddressOfPeer(const std::string& peer) {
  std::string host = peer.substr(0, peer.rfind(':'));
  if (!absl::StartsWith(host, kIpv6) || !absl::EndsWith(host, kIpv6End)) return host;
  const size_t begin = std::strlen(kIpv6);
  const std::string text = host.substr(begin, host.size() - begin - std::strlen(kIpv6End));
  in6_addr address;
  if (inet_pton(AF_INET6, text.c_str(), &address) != 1) return host;
  address = ClientNetwork(address);
  char network[INET6_ADDRSTRLEN];
  return absl::StrCat(kIpv6, inet_ntop(AF_INET6, &address, network, sizeof(network)), kIpv6End);
}

void AccessControl::SetPolicy(std::optional<ClientTokens> tokens, int64_t requests_per_minute) {
  MutexLock lock(mutex_);
  tokens_ = tokens.has_value() ? std::make_shared<const ClientTokens>(*std::move(tokens)) : nullptr;
  rate_.SetRequestsPerMinute(requests_per_minute);
}

std::shared_ptr<const ClientTokens> AccessControl::tokens() const {
  MutexLock lock(mutex_);
  return tokens_;
}

void AccessControl::Spend(const std::string& authorization, const std::string& peer, int64_t requests,
                          absl::Time now) {
  const std::shared_ptr<const ClientTokens> tokens = this->tokens();
  std::string client = AddressOfPeer(peer);
  if (tokens != nullptr) {
    const TokenHolder* const holder = HolderOf(*tokens, authorization);
    if (holder == nullptr) return;  // the token has been withdrawn
    client = holder->name;
  }
  rate_.Spend(client, requests, now);
}

absl::Status AccessControl::Admit(const std::string& authorization, const std::string& peer,
                                  const std::string& model, bool counts, absl::Time now) {
  const std::shared_ptr<const ClientTokens> tokens = this->tokens();
  std::string client = AddressOfPeer(peer);
  if (tokens != nullptr) {
    if (!absl::StartsWithIgnoreCase(authorization, kScheme)) {
      return absl::UnauthenticatedError("no token; send \"authorization: Bearer TOKEN\"");
    }
    const TokenHolder* const holder = HolderOf(*tokens, authorization);
    if (holder == nullptr) return absl::UnauthenticatedError("the token is unknown");
    const auto& models = holder->models;
    if (!model.empty() && !models.empty() && std::find(models.begin(), models.end(), model) == models.end()) {
      return absl::PermissionDeniedError(absl::StrCat("client ", holder->name, " may not use model ", model,
                                                      "; allowed are ", absl::StrJoin(models, ", ")));
    }
    client = holder->name;
  }
  if (!counts) return absl::OkStatus();
  const absl::Duration wait = rate_.Take(client, now);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  const auto milliseconds = static_cast<int64_t>(std::ceil(absl::ToDoubleMilliseconds(wait)));
  absl::Status status = absl::ResourceExhaustedError(absl::StrCat(
      "client ", client, " exceeds access.requests_per_minute; try again in ", milliseconds, " ms"));
  status.SetPayload(kRetryAfterPayload, absl::Cord(absl::StrCat(milliseconds)));
  return status;
}

}  // namespace streamtensor::server
