// SPDX-License-Identifier: Apache-2.0
// One request of /v1/completions or /v1/chat/completions: connects its HTTP exchange to its generations, one
// per choice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "server/api/openai/reply_writer.h"
#include "server/api/openai/request_reader.h"
#include "server/generation/generation_service.h"
#include "server/generation/send_queue.h"
#include "server/http/exchange.h"

namespace streamtensor::server::openai {

// What calls need from their server; outlives them.
struct CallHost {
  GenerationService* service = nullptr;
  SendQueue* streams = nullptr;  // its writer is the HTTP server's I/O thread
  // Runs work on a worker of the HTTP server.
  std::function<void(std::function<void()>)> post_to_worker;
};

// Kept alive by its exchange and its generations until the response is sent or the client is gone. Nothing is
// sent before all generations have started, so that a refusal is an HTTP status. An error after the first
// piece of a stream is an event that ends the stream. The first error ends all generations.
class CompletionCall : public http::ExchangeListener,
                       public SendQueue::Stream,
                       public std::enable_shared_from_this<CompletionCall> {
 public:
  // Reads the request, whose header was admitted, and answers it, perhaps later and on another thread. Called
  // by a worker. `request_id` also goes into the response.
  static void Begin(const CallHost* host, const std::shared_ptr<http::Exchange>& exchange,
                    const std::string& request_id, Endpoint endpoint);

  // Use Begin().
  CompletionCall(const CallHost* host, std::shared_ptr<http::Exchange> exchange,
                 const std::string& request_id, const CompletionRequest& request);
  ~CompletionCall() override;

  // By the I/O thread.
  void OnSent() override;
  void OnClosed() override;
  void Send() override;

 private:
  class Reply;
  struct Arrival;

  static absl::Status ReadAndStart(const CallHost* host, const std::shared_ptr<http::Exchange>& exchange,
                                   const std::string& request_id, Endpoint endpoint, const Arrival& arrival);
  absl::Status Start(CompletionRequest request);
  void OnChange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendNext();
  void SendEvents();
  // The pending output, as events.
  std::string TakeEvents() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendWhole();
  void Fail(const absl::Status& status);
  bool Close();
  Usage TotalUsage() const;

  const CallHost* const host_;
  const std::shared_ptr<http::Exchange> exchange_;
  const std::string request_id_;
  const bool is_stream_;
  const bool include_usage_;
  const uint32_t replies_a_prompt_;
  const ReplyHead head_;
  const ChunkWriter chunks_;
  std::vector<std::unique_ptr<Reply>> replies_;  // all created at once

  Mutex mutex_;
  size_t unfinished_ ABSL_GUARDED_BY(mutex_);
  bool is_started_ ABSL_GUARDED_BY(mutex_) = false;  // all generations have started
  bool is_queued_ ABSL_GUARDED_BY(mutex_) = false;   // Send() is pending
  bool is_sending_ ABSL_GUARDED_BY(mutex_) = false;  // OnSent() is pending
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;   // the response is complete, or the client is gone
  absl::Status error_ ABSL_GUARDED_BY(mutex_);       // of the first reply that failed
  std::shared_ptr<CompletionCall> self_ ABSL_GUARDED_BY(mutex_);  // while queued

  bool has_begun_ = false;  // I/O thread: the response's head was sent
};

}  // namespace streamtensor::server::openai
