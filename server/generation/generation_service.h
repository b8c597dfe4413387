// SPDX-License-Identifier: Apache-2.0
// Generation as every API offers it: who may ask, under which id, within which limits. An API's face turns
// its own messages into a Caller and a ClientRequest, and replies and statuses into its own messages.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/access_control.h"
#include "server/generation/client_request.h"
#include "server/metrics/metrics.h"
#include "server/models/loaded_model.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// Who asks, from the transport.
struct Caller {
  std::string authorization;  // "Bearer TOKEN"; empty: no token
  std::string peer;           // "ipv4:10.0.0.7:51234", "ipv6:[::1]:51234"
};

// A request that has passed its checks, and the model that answers it.
struct CheckedRequest {
  std::shared_ptr<const LoadedModel> model;
  GenerationRequest generation;
};

// Thread-safe.
class GenerationService {
 public:
  struct Options {
    // NOT_FOUND; UNAVAILABLE while the model can not be asked.
    std::function<absl::StatusOr<std::shared_ptr<const LoadedModel>>(const std::string& name)> find_model;
    std::function<int64_t()> load;  // sequences of all models that have not ended
    Metrics* metrics = nullptr;     // all three outlive the service
    const Clock* clock = nullptr;
    AccessControl* access = nullptr;
    bool log_prompts = false;
  };

  // Outlives every Generation.
  explicit GenerationService(Options options) : options_(std::move(options)) {}

  // For requests to come.
  void SetLimits(const RequestLimits& limits) { max_prompt_tokens_ = limits.max_prompt_tokens; }

  // By the service's clock, for deadlines.
  absl::Time Now() const { return options_.clock->Now(); }

  // Names a request in the log: `given` by the client if it has 1 to 64 letters, digits and - _ . :, else
  // "r17".
  std::string RequestId(const std::string& given);

  // As AccessControl::Admit(); counts nothing. An empty model stands for none in particular.
  absl::Status CheckAccess(const Caller& caller, const std::string& model) const;
  // The same, for a request: a refusal is counted.
  absl::Status Admit(const Caller& caller, const std::string& model) const;
  // The same, for a request to generate: it counts against the client's rate, and a refusal is logged too.
  absl::Status AdmitGeneration(const std::string& request_id, const Caller& caller,
                               const std::string& model) const;
  // Finds the model and checks the request against it. A refusal is counted and logged. `as_written()` is the
  // request as the client wrote it, for the log.
  //  INVALID_ARGUMENT (see CheckRequest), NOT_FOUND, UNAVAILABLE
  absl::StatusOr<CheckedRequest> Check(const std::string& request_id, ClientRequest request,
                                       absl::FunctionRef<std::string()> as_written) const;

  // Counts and logs a request that its face refuses, as one that can't be read.
  void LogRefusal(const std::string& request_id, const absl::Status& status) const;

  // Of RESOURCE_EXHAUSTED: when to try again.
  std::optional<int64_t> RetryAfterMs(const absl::Status& status) const;

  // Generations that their faces have not let go of yet.
  int64_t generations() const { return generations_; }

 private:
  friend class Generation;

  absl::StatusOr<CheckedRequest> FindModelAndCheck(const std::string& request_id, ClientRequest request,
                                                   absl::FunctionRef<std::string()> as_written) const;
  void ObserveDuration(double seconds);

  const Options options_;
  std::atomic<int64_t> max_prompt_tokens_ = RequestLimits().max_prompt_tokens;
  std::atomic<uint64_t> last_request_ = 0;
  std::atomic<int64_t> generations_ = 0;
  std::atomic<double> mean_seconds_ = 1;  // how long requests take
};

// A status whose message a client may have made long, cut to what logs and headers take.
absl::Status Shortened(const absl::Status& status);

}  // namespace streamtensor::server
