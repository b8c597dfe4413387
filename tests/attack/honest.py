# SPDX-License-Identifier: Apache-2.0
"""Honest clients, in a process of their own: they ask for the same replies again and again, over gRPC and over the
OpenAI API, check every reply and note how long the first token took."""

import http.client
import json
import random
import threading
import time

import grpc

from daemon import protos


class GrpcClient:
    def __init__(self, port, token):
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)])
        self._stub = protos().rpc.InferenceServiceStub(self._channel)
        self._metadata = [("authorization", f"Bearer {token}")]

    def ask(self, question):
        """Text of the reply, and seconds to its first message."""
        pb = protos().pb
        request = pb.GenerateRequest(model=question["model"], tokens=pb.Tokens(ids=question["prompt"]))
        request.sampling.temperature = question["temperature"]
        request.sampling.seed = question["seed"]
        request.stopping.max_tokens = question["max_tokens"]
        request.stopping.ignore_eos = True
        began, first, text = time.monotonic(), None, ""
        for part in self._stub.GenerateStream(request, metadata=self._metadata, timeout=120):
            first = first or time.monotonic()
            text += part.text
        return text, first - began


class HttpClient:
    def __init__(self, port, token):
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection = None

    def ask(self, question):
        body = json.dumps({**question, "stream": True, "ignore_eos": True})
        began = time.monotonic()
        answer = self._post(body)
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {answer.read(2000)}")
        first, text = None, ""
        for line in answer:
            if not line.startswith(b"data: ") or line == b"data: [DONE]\n":
                continue
            first = first or time.monotonic()
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(event["error"])
            text += "".join(choice["text"] for choice in event["choices"])
        return text, first - began

    def _post(self, body):
        """As every client of HTTP does: a kept connection that the server has closed meanwhile is no error."""
        for fresh in (False, True):
            if self._connection is None or fresh:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
                fresh = True
            try:
                self._connection.request("POST", "/v1/completions", body, self._headers)
                return self._connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected):
                self._connection.close()
                self._connection = None
                if fresh:
                    raise


def make_client(kind, port, token):
    return (GrpcClient if kind == "grpc" else HttpClient)(port, token)


def run(clients, questions, seed, pipe):
    """The process. `clients`: (kind, port, token). Sends the undisturbed answers, then, when told to stop, the samples
    (time of the question, seconds to the first token) and what went wrong."""
    made = [make_client(*each) for each in clients]
    expected = {}
    for kind, client in {kind: client for (kind, _, _), client in zip(clients, made)}.items():
        expected[kind] = [client.ask(question)[0] for question in questions]
    stop, lock, samples, failures = threading.Event(), threading.Lock(), [], []

    def live(number):
        rng = random.Random(f"{seed}/honest/{number}")
        kind = clients[number][0]
        while not stop.is_set():
            which = rng.randrange(len(questions))
            began = time.monotonic()
            try:
                text, first = made[number].ask(questions[which])
                with lock:
                    samples.append((began, first))
                    if text != expected[kind][which]:
                        failures.append(f"{kind} client {number}, question {which}: {text!r}, undisturbed {expected[kind][which]!r}")
            except Exception as error:
                with lock:
                    failures.append(f"{kind} client {number}, question {which}: {error!r}")
            stop.wait(rng.uniform(0.05, 0.15))

    threads = [threading.Thread(target=live, args=(number,)) for number in range(len(clients))]
    pipe.send("begun")
    for thread in threads:
        thread.start()
    pipe.recv()
    stop.set()
    for thread in threads:
        thread.join()
    pipe.send((samples, failures))
