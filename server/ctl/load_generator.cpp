// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/load_generator.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <queue>
#include <random>
#include <utility>

#include "base/mutex.h"
#include "server/api/grpc/grpc_order.h"

namespace streamtensor::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// How soon a closed loop retries a refused request: not immediately, which would flood the server.
constexpr double kPauseAfterFailureSeconds = 0.1;

class LoadGenerator {
 public:
  LoadGenerator(const Target& target, const LoadOptions& options,
                const std::function<void(const LoadProgress&)>& on_progress)
      : options_(options), on_progress_(on_progress), begin_(Clock::now()), random_(options.seed) {
    for (uint32_t i = 0; i < options.connections; ++i)
      clients_.push_back(std::make_unique<Client>(target, true));
    if (options.rate > 0) {
      due_.push(0);
    } else {
      for (uint32_t i = 0; i < options.concurrency; ++i) due_.push(0);
    }
    std::mt19937_64 prefix(options.seed);
    for (uint32_t i = 0; i < options.shared_prefix_tokens; ++i) prefix_.push_back(Token(prefix));
  }

  LoadResult Run() {
    MutexLock lock(mutex_);
    uint32_t sent = 0;
    const double limit = options_.seconds > 0 ? options_.seconds : std::numeric_limits<double>::max();
    while (options_.requests == 0 || sent < options_.requests) {
      if (due_.empty()) {
        changed_.Wait(mutex_);
        continue;
      }
      const double due = due_.top();
      if (due > limit) break;
      const auto wait =
          begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due));
      if (Clock::now() < wait) {
        changed_.WaitUntil(mutex_, wait);  // a stream that ends meanwhile may be due before
        continue;
      }
      due_.pop();
      if (options_.rate > 0) due_.push(due + std::exponential_distribution<double>(options_.rate)(random_));
      ++running_;
      // Its end, on a thread of gRPC's, waits for the lock.
      Stream::Begin(this, *clients_[sent % clients_.size()], due);
      ++sent;
    }
    while (running_ > 0) changed_.Wait(mutex_);
    result_.seconds = Now();
    return std::move(result_);
  }

 private:
  // One request; deletes itself when it ends.
  class Stream : public grpc::ClientReadReactor<v1::GenerateStreamResponse> {
   public:
    static void Begin(LoadGenerator* load, const Client& client, double due)
        ABSL_EXCLUSIVE_LOCKS_REQUIRED(load->mutex_) {
      auto* stream = new Stream(load, due);
      client.Prepare(stream->context_, load->options_.timeout_seconds);
      client.inference->async()->GenerateStream(&stream->context_, &stream->request_, stream);
      server::BeforeGrpc(stream);
      stream->StartRead(&stream->part_);
      stream->StartCall();
    }

    void OnReadDone(bool ok) override {
      server::AfterGrpc(this);
      if (!ok) return;
      if (const int tokens = part_.token_ids_size(); tokens > 0) {
        const double now = load_->Now();
        if (times_.first == 0) {
          times_.first = now;
        } else {
          times_.gaps.insert(times_.gaps.end(), tokens, static_cast<float>((now - last_) / tokens));
        }
        last_ = now;
        times_.tokens += tokens;
      }
      if (part_.finish_reason() != v1::FINISH_REASON_UNSPECIFIED) {
        times_.prompt_tokens = part_.usage().prompt_tokens();
        times_.cached_tokens = part_.usage().cached_tokens();
        times_.energy = part_.energy();
      }
      server::BeforeGrpc(this);
      StartRead(&part_);
    }

    void OnDone(const grpc::Status& status) override {
      server::AfterGrpc(this);
      times_.end = load_->Now();
      times_.status = status;
      LoadGenerator* const load = load_;
      StreamTimes times = std::move(times_);
      // First: its context holds the channel, whose last owner must not be a thread of the channel's.
      delete this;
      load->Ended(std::move(times));
    }

   private:
    Stream(LoadGenerator* load, double due) ABSL_EXCLUSIVE_LOCKS_REQUIRED(load->mutex_) : load_(load) {
      times_.due = load->options_.rate > 0 ? due : load->Now();
      load->WriteRequest(request_);
    }

    LoadGenerator* const load_;
    grpc::ClientContext context_;
    v1::GenerateRequest request_;
    v1::GenerateStreamResponse part_;
    StreamTimes times_;
    double last_ = 0;
  };

  double Now() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  uint32_t Token(std::mt19937_64& random) const {
    return std::uniform_int_distribution<uint32_t>(0, options_.vocabulary - 1)(random);
  }

  void WriteRequest(v1::GenerateRequest& request) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    request.set_model(options_.model);
    for (uint32_t id : prefix_) request.mutable_tokens()->add_ids(id);
    while (request.tokens().ids_size() < static_cast<int>(options_.prompt_tokens)) {
      request.mutable_tokens()->add_ids(Token(random_));
    }
    request.mutable_sampling()->set_temperature(0);
    request.mutable_stopping()->set_max_tokens(options_.new_tokens);
    request.mutable_stopping()->set_ignore_eos(true);
  }

  void Ended(StreamTimes times) {
    MutexLock lock(mutex_);
    if (options_.rate == 0) due_.push(times.end + (times.status.ok() ? 0 : kPauseAfterFailureSeconds));
    progress_.ended += 1;
    progress_.tokens += times.tokens;
    progress_.seconds = times.end;
    on_progress_(progress_);
    result_.streams.push_back(std::move(times));
    --running_;
    changed_.NotifyOne();
  }

  const LoadOptions options_;
  const std::function<void(const LoadProgress&)>& on_progress_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<uint32_t> prefix_;
  const Clock::time_point begin_;

  Mutex mutex_;
  CondVar changed_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  // When to send the next requests.
  std::priority_queue<double, std::vector<double>, std::greater<>> due_ ABSL_GUARDED_BY(mutex_);
  uint32_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  LoadProgress progress_ ABSL_GUARDED_BY(mutex_);
  LoadResult result_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

LoadResult RunLoad(const Target& target, const LoadOptions& options,
                   const std::function<void(const LoadProgress&)>& on_progress) {
  return LoadGenerator(target, options, on_progress).Run();
}

}  // namespace streamtensor::ctl
