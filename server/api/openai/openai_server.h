// SPDX-License-Identifier: Apache-2.0
// The OpenAI-compatible endpoint: models, completions and chats over HTTP, on its own port.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/generation/generation_service.h"
#include "server/http/http_server.h"
#include "server/models/model_registry.h"

namespace streamtensor::server::openai {

class OpenAiServer {
 public:
  // `options` say where to listen and how much to serve. The pointers outlive the server.
  //   UNAVAILABLE  the address cannot be bound, and why
  static absl::StatusOr<std::unique_ptr<OpenAiServer>> Start(http::Options options,
                                                             GenerationService* generation,
                                                             const ModelRegistry* registry);
  // All generations must have ended. Closes the connections, including those still sending.
  ~OpenAiServer();

 private:
  struct Impl;
  explicit OpenAiServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server::openai
