// SPDX-License-Identifier: Apache-2.0
// One Generate or GenerateStream call: between gRPC, which owns the reactor, and the card's thread, which
// holds the sink.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/service/inference_service.h"

namespace streamtensor::server {

// Begins a call. Whatever goes wrong becomes its status.
grpc::ServerUnaryReactor* BeginGenerate(ServiceContext* context, grpc::CallbackServerContext* call,
                                        const v1::GenerateRequest& request, v1::GenerateResponse* response);
grpc::ServerWriteReactor<v1::GenerateStreamResponse>* BeginGenerateStream(ServiceContext* context,
                                                                          grpc::CallbackServerContext* call,
                                                                          const v1::GenerateRequest& request);

}  // namespace streamtensor::server
