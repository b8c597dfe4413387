// SPDX-License-Identifier: Apache-2.0
// The generation service behind every API: access control, request ids and limits. An API translates its own
// messages to a Caller and a ClientRequest, and replies and statuses back.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/access_control.h"
#include "server/generation/client_request.h"
#include "server/generation/overdue_calls.h"
#include "server/generation/prompt_queue.h"
#include "server/metrics/metrics.h"
#include "server/models/loaded_model.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// The client, as the transport identifies it.
struct Caller {
  std::string authorization;  // "Bearer TOKEN"; empty: no token
  std::string peer;           // "ipv4:10.0.0.7:51234", "ipv6:[::1]:51234"
};

// A request that passed its checks, and the model that serves it.
struct CheckedRequest {
  std::shared_ptr<const LoadedModel> model;
  GenerationRequest generation;
};

// Thread-safe.
class GenerationService {
 public:
  struct Options {
    // NOT_FOUND; UNAVAILABLE while the model cannot serve.
    std::function<absl::StatusOr<std::shared_ptr<const LoadedModel>>(const std::string& name)> find_model;
    std::function<int64_t()> load;  // unfinished sequences of all models
    Metrics* metrics = nullptr;     // all three outlive the service
    const Clock* clock = nullptr;
    AccessControl* access = nullptr;
    bool log_prompts = false;
  };

  // Outlives every Generation.
  explicit GenerationService(Options options)
      : options_(std::move(options)),
        unread_("unread-replies", options_.clock, [this] { return slow_reader_timeout(); }) {}

  // Ends the preparation of requests with UNAVAILABLE, from now on, and waits for it.
  void Close();

  // Applies to later requests.
  void SetLimits(const RequestLimits& limits) { max_prompt_tokens_ = limits.max_prompt_tokens; }
  void SetSlowReaderTimeout(absl::Duration timeout) {
    slow_reader_nanoseconds_ = absl::ToInt64Nanoseconds(timeout);
  }
  // How long a client may leave what it is sent unread.
  absl::Duration slow_reader_timeout() const { return absl::Nanoseconds(slow_reader_nanoseconds_.load()); }

  // By the service's clock, for deadlines.
  absl::Time Now() const { return clock().Now(); }
  const Clock& clock() const { return *options_.clock; }

  // The id of a request in the log: `given` by the client if it has 1 to 64 letters, digits and - _ . :,
  // otherwise a new one such as "r17".
  std::string RequestId(const std::string& given);

  // As AccessControl::Admit(), without counting. An empty model means no particular one.
  absl::Status CheckAccess(const Caller& caller, const std::string& model) const;
  // Counts further requests of a caller that was charged for one: the replies beyond the first to it.
  void ChargeFurther(const Caller& caller, int64_t requests) const;
  // As CheckAccess() for a request of any kind: it counts against the client's rate.
  absl::Status Charge(const Caller& caller, const std::string& model) const;
  // The same, and a refusal is counted.
  absl::Status Admit(const Caller& caller, const std::string& model) const;
  // The same for a generation: a refusal is also logged.
  absl::Status AdmitGeneration(const std::string& request_id, const Caller& caller,
                               const std::string& model) const;
  // Runs `work`, which prepares a request to `model` that takes about `bytes` of memory: at once if it is
  // short, otherwise on a thread for long requests, where it waits its turn. A refusal is counted and logged.
  //   RESOURCE_EXHAUSTED  as many long requests wait as the model's cards have room for, or too many bytes
  //   NOT_FOUND, UNAVAILABLE
  absl::Status Prepare(const std::string& request_id, const std::string& model, size_t bytes,
                       std::function<void()> work);
  // The same for a request whose model is known only once it is read: as many may wait as their bytes allow.
  //   RESOURCE_EXHAUSTED, UNAVAILABLE
  absl::Status PrepareUnread(const std::string& request_id, size_t bytes, std::function<void()> work);
  // Whether a request that is being prepared is still wanted: UNAVAILABLE after Close(), what `poll` (which
  // may be null) returned.
  absl::Status Poll(const PollRequest& poll) const;
  // Finds the model and checks the request against it, while `poll` allows it (it may be null). A refusal is
  // counted and logged. `as_written()` returns the client's request for the log.
  //  INVALID_ARGUMENT (see CheckRequest), NOT_FOUND, UNAVAILABLE, what `poll` returned
  absl::StatusOr<CheckedRequest> Check(const std::string& request_id, ClientRequest request,
                                       const PollRequest& poll,
                                       absl::FunctionRef<std::string()> as_written) const;

  // Tokenizes a text for a client, and the reverse, for at most as many tokens as a request to `model` has.
  //   INVALID_ARGUMENT  more tokens than that, or an unknown one; what `poll` returned
  absl::StatusOr<std::vector<uint32_t>> Tokenize(const LoadedModel& model, std::string_view text,
                                                 bool parse_special, const PollRequest& poll) const;
  absl::StatusOr<std::string> Detokenize(const LoadedModel& model, std::span<const uint32_t> ids) const;

  // Counts and logs a request that its API refuses, for example because it cannot be parsed.
  void LogRefusal(const std::string& request_id, const absl::Status& status) const;
  // Of a call without a request; not logged, since anybody may open any number.
  void CountRefusal(const absl::Status& status) const;

  // An API adds each reply when it is complete and removes it when its end was sent; a reply that is left
  // unread for too long is abandoned.
  OverdueCalls& unread() { return unread_; }
  // Counts and logs a reply that was abandoned; `request_id` may be empty.
  void LogUnread(const std::string& request_id) const;

  // When to retry, for a RESOURCE_EXHAUSTED status.
  std::optional<int64_t> RetryAfterMs(const absl::Status& status) const;

  // Generations that their APIs still hold.
  int64_t generations() const { return generations_; }

 private:
  friend class Generation;

  absl::StatusOr<CheckedRequest> FindModelAndCheck(const std::string& request_id, ClientRequest request,
                                                   const PollRequest& poll,
                                                   absl::FunctionRef<std::string()> as_written) const;
  size_t MaxTokens(const LoadedModel& model) const;
  void ObserveDuration(double seconds);

  static constexpr int kLongPromptThreads = 2;

  const Options options_;
  std::atomic<bool> is_closed_ = false;
  std::atomic<int64_t> max_prompt_tokens_ = RequestLimits().max_prompt_tokens;
  std::atomic<int64_t> slow_reader_nanoseconds_ = absl::ToInt64Nanoseconds(absl::Seconds(60));
  std::atomic<uint64_t> last_request_ = 0;
  std::atomic<int64_t> generations_ = 0;
  std::atomic<double> mean_seconds_ = 1;  // mean duration of a request
  PromptQueue prompts_{kLongPromptThreads};
  OverdueCalls unread_;
};

// Shortens a status message that a client may have inflated to what logs and headers can take.
absl::Status Shortened(const absl::Status& status);

}  // namespace streamtensor::server
