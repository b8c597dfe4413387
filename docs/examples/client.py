#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Streams a reply from streamtensord: all a Python client needs.

    pip install grpcio grpcio-tools
    mkdir -p stubs
    python -m grpc_tools.protoc -I proto --python_out=stubs --grpc_python_out=stubs proto/streamtensor/v1/inference.proto
    PYTHONPATH=stubs python docs/examples/client.py --model smollm2 "Why is the sky blue?"
"""

import argparse
import sys

import grpc

from streamtensor.v1 import inference_pb2 as pb
from streamtensor.v1 import inference_pb2_grpc as rpc


def main():
    parser = argparse.ArgumentParser(description="Streams a reply from streamtensord.")
    parser.add_argument("message")
    parser.add_argument("--server", default="127.0.0.1:50051")
    parser.add_argument("--model", required=True)
    parser.add_argument("--max-tokens", type=int, default=100)
    parser.add_argument("--timeout", type=float, default=60, help="seconds for the whole reply")
    arguments = parser.parse_args()

    request = pb.GenerateRequest(
        model=arguments.model,
        chat=pb.Chat(messages=[pb.ChatMessage(role="user", content=arguments.message)]),
        sampling=pb.Sampling(temperature=0),  # greedy; unset means 1
        stopping=pb.Stopping(max_tokens=arguments.max_tokens),
    )
    with grpc.insecure_channel(arguments.server) as channel:
        stub = rpc.InferenceServiceStub(channel)
        try:
            for part in stub.GenerateStream(request, timeout=arguments.timeout):
                print(part.text, end="", flush=True)  # whole characters, as they come
        except grpc.RpcError as error:
            # RESOURCE_EXHAUSTED says in its trailing metadata when to try again.
            again = dict(error.trailing_metadata() or ()).get("retry-after-ms")
            hint = f" (try again in {again} ms)" if again else ""
            sys.exit(f"\n{error.code().name}: {error.details()}{hint}")
    # The last message alone carries the totals.
    print(f"\n[{pb.FinishReason.Name(part.finish_reason)}; {part.usage.completion_tokens} tokens, "
          f"first after {part.timing.ttft_seconds:.3f} s (measured)]")


if __name__ == "__main__":
    main()
