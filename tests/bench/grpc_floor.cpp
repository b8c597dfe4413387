// SPDX-License-Identifier: Apache-2.0
// Measures the cost of gRPC alone: the daemon's service with nothing behind it. Every STEP_US microseconds
// one thread writes a message of one token to 16 of the streams that run, in turn, as a card's steps do.
//
//     grpc_floor callback|queue PORT STEP_US     ends when stdin does
//
// callback: the thread writes; gRPC's threads receive the completions.
// queue: the writing thread also polls the completion queue, as
// in the daemon; there the card's thread has to wake it.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/program.h"
#include "streamtensor/v1/inference.grpc.pb.h"

namespace {

namespace v1 = streamtensor::v1;
using Response = v1::GenerateStreamResponse;
using Time = std::chrono::steady_clock;

constexpr size_t kStepTokens = 16;
std::atomic<uint64_t> tokens_written = 0;
std::atomic<bool> stopping = false;

// One reply: the remaining tokens, and the next message to write.
struct Reply {
  explicit Reply(const v1::GenerateRequest& request) : left(request.stopping().max_tokens()) {}
  const Response& Next() {
    message.Clear();
    message.set_text(" token");
    message.add_token_ids(12345);
    if (--left == 0) message.set_finish_reason(v1::FINISH_REASON_LENGTH);
    ++tokens_written;
    return message;
  }
  uint32_t left;
  Response message;
};

v1::Model Describe() {
  v1::Model model;
  model.set_name("m");
  model.set_state(v1::MODEL_STATE_READY);
  model.set_vocabulary(1000);
  return model;
}

class CallbackServer : public v1::InferenceService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* call, const v1::GetModelRequest*,
                                     v1::Model* model) override {
    *model = Describe();
    grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<Response>* GenerateStream(grpc::CallbackServerContext*,
                                                     const v1::GenerateRequest* request) override {
    auto* stream = new Stream(this, *request);
    MayWrite(stream);
    return stream;
  }

  void Step() {
    std::vector<Stream*> streams;
    {
      std::lock_guard lock(mutex_);
      while (!idle_.empty() && streams.size() < kStepTokens) {
        streams.push_back(idle_.front());
        idle_.pop_front();
      }
    }
    for (Stream* stream : streams) stream->Write();
  }

 private:
  class Stream : public grpc::ServerWriteReactor<Response> {
   public:
    Stream(CallbackServer* server, const v1::GenerateRequest& request) : server_(server), reply_(request) {}
    void Write() {
      const Response& message = reply_.Next();
      if (reply_.left > 0) {
        StartWrite(&message);
      } else {
        StartWriteAndFinish(&message, grpc::WriteOptions(), grpc::Status::OK);
      }
    }
    void OnWriteDone(bool ok) override {
      if (reply_.left == 0) return;
      if (ok) {
        server_->MayWrite(this);
      } else {
        Finish(grpc::Status::CANCELLED);
      }
    }
    void OnDone() override { delete this; }

   private:
    CallbackServer* const server_;
    Reply reply_;
  };

  void MayWrite(Stream* stream) {
    std::lock_guard lock(mutex_);
    idle_.push_back(stream);
  }

  std::mutex mutex_;
  std::deque<Stream*> idle_;
};

class QueueServer {
 public:
  explicit QueueServer(grpc::ServerBuilder& builder) : queue_(builder.AddCompletionQueue()) {
    builder.RegisterService(&service_);
  }

  void Run(std::chrono::microseconds step) {
    for (int i = 0; i < 64; ++i) new Stream(this);
    new ModelCall(this);
    Time::time_point next = Time::now() + step;
    while (!stopping) {
      std::this_thread::sleep_until(next);
      next = std::max(next + step, Time::now());
      Drain();
      for (size_t i = 0; i < kStepTokens && !idle_.empty(); ++i) {
        Stream* stream = idle_.front();
        idle_.pop_front();
        stream->Write();
      }
      Drain();
    }
  }

 private:
  struct Tag {
    virtual ~Tag() = default;
    virtual void Done(bool ok) = 0;
  };

  struct ModelCall : Tag {
    explicit ModelCall(QueueServer* server) : server(server), writer(&context) {
      server->service_.RequestGetModel(&context, &request, &writer, server->queue_.get(),
                                       server->queue_.get(), this);
    }
    void Done(bool ok) override {
      if (answered || !ok) {
        delete this;
        return;
      }
      new ModelCall(server);
      answered = true;
      writer.Finish(Describe(), grpc::Status::OK, this);
    }
    QueueServer* const server;
    grpc::ServerContext context;
    v1::GetModelRequest request;
    grpc::ServerAsyncResponseWriter<v1::Model> writer;
    bool answered = false;
  };

  struct Stream : Tag {
    explicit Stream(QueueServer* server) : server(server), writer(&context) {
      server->service_.RequestGenerateStream(&context, &request, &writer, server->queue_.get(),
                                             server->queue_.get(), this);
    }
    void Done(bool ok) override {
      if (!ok || finished) {
        delete this;
        return;
      }
      if (reply == nullptr) {
        new Stream(server);
        reply = std::make_unique<Reply>(request);
      }
      server->idle_.push_back(this);
    }
    void Write() {
      const Response& message = reply->Next();
      finished = reply->left == 0;
      if (finished) {
        writer.WriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK, this);
      } else {
        writer.Write(message, this);
      }
    }
    QueueServer* const server;
    grpc::ServerContext context;
    v1::GenerateRequest request;
    grpc::ServerAsyncWriter<Response> writer;
    std::unique_ptr<Reply> reply;
    bool finished = false;
  };

  void Drain() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_->AsyncNext(&tag, &ok, gpr_time_0(GPR_CLOCK_MONOTONIC)) ==
           grpc::CompletionQueue::GOT_EVENT) {
      static_cast<Tag*>(tag)->Done(ok);
    }
  }

  using Service = v1::InferenceService::WithAsyncMethod_GetModel<
      v1::InferenceService::WithAsyncMethod_GenerateStream<v1::InferenceService::Service>>;
  Service service_;
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::deque<Stream*> idle_;
};

int Serve(const std::string& server_kind, uint16_t port, std::chrono::microseconds step) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials());
  CallbackServer callback;
  std::unique_ptr<QueueServer> queue;
  if (server_kind == "queue") {
    queue = std::make_unique<QueueServer>(builder);
  } else {
    builder.RegisterService(&callback);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::thread writer([&] {
    if (queue != nullptr) {
      queue->Run(step);
      return;
    }
    Time::time_point next = Time::now() + step;
    while (!stopping) {
      std::this_thread::sleep_until(next);
      next = std::max(next + step, Time::now());
      callback.Step();
    }
  });
  // For each input line, prints the number of tokens.
  for (std::string line; std::getline(std::cin, line);) std::cout << tokens_written << std::endl;
  stopping = true;
  writer.join();
  std::_Exit(0);  // streams may still be open; this program only measures
}

}  // namespace

int main(int argc, char** argv) {
  streamtensor::base::Program program("grpc_floor",
                                      "Streams tokens that cost nothing over gRPC, a step at a time",
                                      [] { return ST_VERSION; });
  std::string server_kind;
  uint16_t port = 0;
  uint32_t step_microseconds = 0;
  program.app()
      .add_option("KIND", server_kind, "callback or queue: gRPC's interface")
      ->required()
      ->check(CLI::IsMember({"callback", "queue"}));
  program.app().add_option("PORT", port, "Port on 127.0.0.1")->required();
  program.app().add_option("STEP_US", step_microseconds, "Microseconds between two steps")->required();
  program.SetRun([&] { return Serve(server_kind, port, std::chrono::microseconds(step_microseconds)); });
  return program.Main(argc, argv);
}
