# SPDX-License-Identifier: Apache-2.0
"""The OpenAI-compatible endpoint, asked by OpenAI's own client, unchanged, and by plain sockets where that hides things."""

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import socket
import ssl
import time

import httpx2
import openai
import pytest

from conftest import dummy_cards, free_ports, write_artifact
from test_access import ALICE, BOB, make_certificate, tokens_file, wait_for
from test_lifecycle import wait_for as wait_until

GREEDY = {"temperature": 0, "extra_body": {"ignore_eos": True}}


def client_of(port, api_key="none", scheme="http", **options):
    return openai.OpenAI(base_url=f"{scheme}://127.0.0.1:{port}/v1", api_key=api_key, max_retries=0, timeout=60, **options)


@pytest.fixture(scope="module")
def http_port():
    return free_ports(1)[0]


@pytest.fixture
def start_http(start):
    """Starts a daemon with the endpoint: the daemon and the port."""

    def run(*arguments, server=None, **options):
        (port,) = free_ports(1)
        return start(*arguments, server={"http_listen": f"127.0.0.1:{port}", **(server or {})}, **options), port

    return run


@pytest.fixture(scope="module")
def daemon(artifact, http_port):
    from conftest import BIN, Daemon

    models = [{"name": "tiny", "artifact": str(artifact)}]
    with Daemon(BIN, models, dummy_cards(step_us=500), server={"http_listen": f"127.0.0.1:{http_port}"}) as running:
        running.wait_ready("tiny")
        yield running


@pytest.fixture(scope="module")
def client(daemon, http_port):
    return client_of(http_port)


def post(port, path, body, headers=None):
    """Status, headers (names in lower case) and JSON of a plain POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {"content-type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())
    finally:
        connection.close()


def text_of(stream):
    """A stream's text; every chunk but the last has something to say."""
    text, reasons = "", []
    for chunk in stream:
        for choice in chunk.choices:
            text += (choice.delta.content or "") if hasattr(choice, "delta") else choice.text
            reasons.append(choice.finish_reason)
    assert all(reason is None for reason in reasons[:-1]) and reasons[-1], reasons
    return text


# What it says.


def test_models(client):
    assert [model.id for model in client.models.list()] == ["tiny"]
    model = client.models.retrieve("tiny")
    assert (model.id, model.object, model.owned_by, model.max_model_len) == ("tiny", "model", "streamtensor", 512)
    with pytest.raises(openai.NotFoundError) as error:
        client.models.retrieve("org/nope")
    assert error.value.code == "model_not_found" and "org/nope" in str(error.value)


def test_50_prompts_get_the_text_that_grpc_gets(daemon, client, request_for, protos):
    """Completions and chats, streamed and not, at once."""

    def ask(i):
        prompt, tokens = f"prompt {i} " + "hello world " * (i % 7), 10 + i % 23
        streams = i % 4 >= 2
        if i % 2:
            messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": prompt}]
            reply = client.chat.completions.create(model="tiny", messages=messages, max_completion_tokens=tokens, stream=streams, **GREEDY)
            text = text_of(reply) if streams else reply.choices[0].message.content
            request = request_for(chat=protos.pb.Chat(messages=messages), max_tokens=tokens)
        else:
            reply = client.completions.create(model="tiny", prompt=prompt, max_tokens=tokens, stream=streams, **GREEDY)
            text = text_of(reply) if streams else reply.choices[0].text
            request = request_for(prompt=prompt, max_tokens=tokens)
        request.stopping.ignore_eos = True
        return text, request

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(ask, range(50)))
    for text, request in replies:
        assert text == daemon.stub.Generate(request).text
    assert len({text for text, _ in replies}) > 40, "different prompts, different replies"


def test_a_whole_reply(client, daemon, request_for):
    reply = client.completions.create(model="tiny", prompt="hello world", max_tokens=7, **GREEDY)
    assert (reply.object, reply.model, reply.choices[0].index, reply.choices[0].finish_reason) == ("text_completion", "tiny", 0, "length")
    expected = daemon.stub.Generate(request_for(prompt="hello world", max_tokens=7)).usage
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (expected.prompt_tokens, 7)
    assert reply.usage.total_tokens == expected.prompt_tokens + 7
    assert reply.id == f"cmpl-{reply._request_id}" and abs(reply.created - time.time()) < 3600
    chat = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "hi"}], max_tokens=7, **GREEDY)
    assert (chat.object, chat.choices[0].message.role, chat.id[:9]) == ("chat.completion", "assistant", "chatcmpl-")
    assert len(client.completions.create(model="tiny", prompt="x", **GREEDY).choices[0].text) > 0


def test_completions_end_after_16_tokens_and_chats_with_the_context(client):
    assert client.completions.create(model="tiny", prompt="x", **GREEDY).usage.completion_tokens == 16
    usage = client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x"}], **GREEDY).usage
    assert usage.total_tokens == 512


def test_a_stream_tells_its_usage_when_asked_to(client):
    options = {"model": "tiny", "prompt": "hello", "max_tokens": 9, "stream": True, **GREEDY}
    assert all(chunk.usage is None for chunk in client.completions.create(**options))
    chunks = list(client.completions.create(stream_options={"include_usage": True}, **options))
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 9
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1
    chat = list(client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "hi"}], max_tokens=9, stream=True, **GREEDY))
    assert chat[0].choices[0].delta.role == "assistant" and all(c.choices[0].delta.role is None for c in chat[1:])


def test_parts_of_text_are_lines(client):
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    replies = [client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": content}], max_tokens=9, **GREEDY)
               for content in (parts, "one\ntwo")]
    assert replies[0].choices[0].message.content == replies[1].choices[0].message.content


# What it is asked.


def test_prompts_of_each_kind(client, daemon, protos):
    ids = [list(daemon.stub.Tokenize(protos.pb.TokenizeRequest(model="tiny", text=text)).token_ids) for text in ("hello", "world")]

    def texts(prompt):
        return [choice.text for choice in client.completions.create(model="tiny", prompt=prompt, max_tokens=9, **GREEDY).choices]

    alone = [texts("hello")[0], texts("world")[0]]
    assert alone[0] != alone[1]
    assert texts(["hello", "world"]) == alone == texts(ids)
    assert texts(ids[0]) == alone[:1]


def test_stop(client):
    free = client.completions.create(model="tiny", prompt="hello", max_tokens=100, **GREEDY).choices[0].text
    stop = free[30:33]
    for given in (stop, ["no such text", stop]):
        for streams in (False, True):
            reply = client.completions.create(model="tiny", prompt="hello", max_tokens=100, stop=given, stream=streams, **GREEDY)
            text = text_of(reply) if streams else reply.choices[0].text
            assert text == free[: free.index(stop)]
    assert client.completions.create(model="tiny", prompt="hello", max_tokens=100, stop=stop, **GREEDY).choices[0].finish_reason == "stop"


def test_seeds_and_several_replies(client):
    def texts(**options):
        return [c.text for c in client.completions.create(model="tiny", prompt="hello", max_tokens=30, temperature=1, **options).choices]

    assert texts(seed=7) == texts(seed=7) != texts(seed=8)
    assert texts() != texts()
    several = texts(seed=7, n=3)
    assert several == texts(seed=7, n=3) and len(set(several)) == 3
    assert several[0] == texts(seed=7)[0]
    streamed = ["", "", ""]
    for chunk in client.completions.create(model="tiny", prompt="hello", max_tokens=30, temperature=1, seed=7, n=3, stream=True):
        for choice in chunk.choices:
            streamed[choice.index] += choice.text
    assert streamed == several
    reply = client.completions.create(model="tiny", prompt=["hello", "world"], max_tokens=5, n=2, **GREEDY)
    assert [choice.index for choice in reply.choices] == [0, 1, 2, 3]
    assert reply.choices[0].text == reply.choices[1].text != reply.choices[2].text
    prompts = [client.completions.create(model="tiny", prompt=prompt, max_tokens=5).usage.prompt_tokens for prompt in ("hello", "world")]
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (sum(prompts), 20), "a prompt counts once"


DRAWN, LIKELIEST = {"temperature": 1.5, "seed": 5}, {"temperature": 0}


@pytest.mark.parametrize(
    "base, change",
    [
        (DRAWN, {"temperature": 0.2}), (DRAWN, {"seed": 6}), (DRAWN, {"top_p": 0.05}), (DRAWN, {"top_k": 1}), (DRAWN, {"min_p": 0.9}),
        (LIKELIEST, {"presence_penalty": 50.0}), (LIKELIEST, {"frequency_penalty": 50.0}), (LIKELIEST, {"repetition_penalty": 50.0}),
        (LIKELIEST, {"logit_bias": {"70": 100.0}}), (LIKELIEST, {"min_tokens": 150, "ignore_eos": False}),
        (LIKELIEST, {"stop_token_ids": list(range(60, 120))}),
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_each_parameter_does_what_it_does_over_grpc(client, daemon, request_for, base, change):
    def ask(fields):
        fields = {"ignore_eos": True, **fields}
        vllm = ("top_k", "min_p", "repetition_penalty", "min_tokens", "ignore_eos", "stop_token_ids")
        own = {name: fields.pop(name) for name in list(fields) if name in vllm}
        return client.completions.create(model="tiny", prompt="hello", max_tokens=150, extra_body=own, **fields).choices[0].text

    request = request_for(prompt="hello", max_tokens=150)
    for name, value in {"ignore_eos": True, **base, **change}.items():
        if name == "logit_bias":
            for token_id, bias in value.items():
                request.sampling.logit_bias.add(token_id=int(token_id), bias=bias)
        elif name == "stop_token_ids":
            request.stopping.stop_token_ids.extend(value)
        else:
            setattr(request.stopping if name in ("min_tokens", "ignore_eos") else request.sampling, name, value)
    changed = ask({**base, **change})
    assert changed == daemon.stub.Generate(request).text
    assert changed != ask(base), "it changes the reply"


def test_logprobs_of_completions(client, daemon, request_for):
    request = request_for(prompt="hello", max_tokens=12)
    request.output.logprobs = 3
    expected = daemon.stub.Generate(request).logprobs
    whole = client.completions.create(model="tiny", prompt="hello", max_tokens=12, logprobs=3, **GREEDY).choices[0].logprobs
    assert len(whole.tokens) == len(whole.text_offset) == 12
    assert whole.token_logprobs == pytest.approx([token.logprob for token in expected])
    for alternatives, token in zip(whole.top_logprobs, expected):
        assert sorted(alternatives.values()) == pytest.approx(sorted(a.logprob for a in token.alternatives))
    streamed = [c.choices[0].logprobs for c in client.completions.create(model="tiny", prompt="hello", max_tokens=12, logprobs=3, stream=True, **GREEDY)]
    assert [token for part in streamed if part for token in part.tokens] == whole.tokens
    assert [offset for part in streamed if part for offset in part.text_offset] == whole.text_offset


def test_logprobs_of_chats(client, daemon, protos, request_for):
    messages = [{"role": "user", "content": "hi"}]
    request = request_for(chat=protos.pb.Chat(messages=messages), max_tokens=12)
    request.output.logprobs = 2
    expected = daemon.stub.Generate(request).logprobs
    options = {"model": "tiny", "messages": messages, "max_tokens": 12, "logprobs": True, "top_logprobs": 2, **GREEDY}
    whole = client.chat.completions.create(**options).choices[0].logprobs.content
    assert [bytes(token.bytes) for token in whole] == [token.raw for token in expected]
    assert [token.logprob for token in whole] == pytest.approx([token.logprob for token in expected])
    assert [len(token.top_logprobs) for token in whole] == [2] * 12
    streamed = [c.choices[0].logprobs for c in client.chat.completions.create(stream=True, **options)]
    assert [token for part in streamed if part for token in part.content] == whole
    del options["top_logprobs"]
    assert client.chat.completions.create(**options).choices[0].logprobs.content[0].top_logprobs == []


def test_an_echo_scores_its_prompt(client, daemon, request_for):
    """What evaluation harnesses ask: no token, but the prompt's probabilities."""
    request = request_for(prompt="hello world", max_tokens=0)
    request.output.prompt_logprobs = True
    expected = [token.logprob for token in daemon.stub.Generate(request).prompt_logprobs]
    choice = client.completions.create(model="tiny", prompt="hello world", max_tokens=0, echo=True, logprobs=0, **GREEDY).choices[0]
    assert choice.text == "hello world" == "".join(choice.logprobs.tokens)
    assert choice.logprobs.token_logprobs[0] is None and choice.logprobs.token_logprobs[1:] == pytest.approx(expected)
    longer = client.completions.create(model="tiny", prompt="hello world", max_tokens=5, echo=True, **GREEDY).choices[0].text
    assert longer == "hello world" + client.completions.create(model="tiny", prompt="hello world", max_tokens=5, **GREEDY).choices[0].text
    assert text_of(client.completions.create(model="tiny", prompt="hello world", max_tokens=5, echo=True, stream=True, **GREEDY)) == longer


# What goes wrong.


@pytest.mark.parametrize(
    "options, param, words",
    [
        ({"temperature": -1}, "temperature", "is -1; allowed is 0 to 100"),
        ({"top_p": 0}, "top_p", "is 0"),
        ({"logprobs": 21}, "logprobs", "is 21; allowed is 0 to 20"),
        ({"stop": ["a"] * 17}, "stop", "17 entries"),
        ({"stop": ["a", ""]}, "stop", "stop[1] has 0 bytes"),
        ({"logit_bias": {"99999": 1}}, "logit_bias", "99999"),
        ({"prompt": [5, 70000]}, "prompt", "prompt[1] is 70000"),
        ({"prompt": []}, "prompt", "is empty"),
        ({"max_tokens": -1}, "max_tokens", "allowed is 0"),
        ({"n": 1000}, "n", "allowed is 1 to 128"),
        ({"best_of": 3}, "best_of", "not supported"),
        ({"suffix": "x"}, "suffix", "not supported"),
        ({"extra_body": {"temprature": 1}}, "temprature", "is not supported"),
        ({"prompt": "x" * 600}, None, "more than 511 tokens"),
    ],
)
def test_bad_parameters_name_field_value_and_limit(client, options, param, words):
    for streams in (False, True):
        with pytest.raises(openai.BadRequestError) as error:
            client.completions.create(**{"model": "tiny", "prompt": "x", "stream": streams, **options})
        assert error.value.status_code == 400 and error.value.type == "invalid_request_error"
        assert error.value.param == param and words in error.value.body["message"], error.value.body
        assert "\n" not in error.value.body["message"]


def test_bad_chats(client):
    for options, param in (
        ({"messages": []}, "messages"), ({"messages": [{"role": "", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"), ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"top_logprobs": 2}, "top_logprobs"), ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ):
        with pytest.raises(openai.BadRequestError) as error:
            client.chat.completions.create(**{"model": "tiny", "messages": [{"role": "user", "content": "x"}], **options})
        assert error.value.param == param, error.value.body


def test_a_model_that_is_not_there(client):
    for call in (lambda: client.completions.create(model="nope", prompt="x"),
                 lambda: list(client.completions.create(model="nope", prompt="x", stream=True))):
        with pytest.raises(openai.NotFoundError) as error:
            call()
        assert error.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as error:
        client.completions.create(model="", prompt="x")
    assert error.value.param == "model"


def test_what_is_no_request(daemon, http_port):
    good = json.dumps({"model": "tiny", "prompt": "x"})
    for body, words in (("", "syntax error"), ("{", "syntax error"), ("[]", "an object is needed"), ('{"model": "a", "model": "b"}', "comes twice"),
                        ("[" * 100000, "nested more than")):
        status, _, answer = post(http_port, "/v1/completions", body)
        assert status == 400 and words in answer["error"]["message"], answer
    assert post(http_port, "/v1/completions", good, {"content-type": "text/plain"})[0] == 415
    assert post(http_port, "/v1/completions", good, {"content-encoding": "gzip"})[0] == 415
    assert post(http_port, "/v1/embeddings", good)[0] == 404
    status, headers, _ = post(http_port, "/v1/models", good)
    assert status == 405 and headers["allow"] == "GET"
    status, _, answer = post(http_port, "/v1/completions", '"' + "x" * (5 << 20) + '"')
    assert status == 413 and answer["error"]["type"] == "invalid_request_error"
    assert post(http_port, "/v1/completions?x=1", good, {"content-type": "application/json; charset=utf-8"})[0] == 200


def test_api_keys(start_http, tmp_path):
    running, port = start_http(access={"tokens_file": str(tokens_file(tmp_path))}, log={"level": "debug"})
    wait_for(running, "READY")
    alice, bob, nobody = client_of(port, ALICE), client_of(port, BOB), client_of(port, "nobody-0123456789")
    assert alice.completions.create(model="tiny", prompt="x", max_tokens=2).usage.completion_tokens == 2
    for call in (lambda c: c.models.list(), lambda c: c.models.retrieve("tiny"), lambda c: c.completions.create(model="tiny", prompt="x")):
        with pytest.raises(openai.AuthenticationError) as error:
            call(nobody)
        assert error.value.code == "invalid_api_key"
    # Without a key nothing is read: the answer comes before the body.
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
        plain.sendall(b"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 401 ")
    assert bob.models.list().data == [], "a list holds what its reader may use"
    for call in (lambda: bob.models.retrieve("tiny"), lambda: bob.completions.create(model="tiny", prompt="x")):
        with pytest.raises(openai.PermissionDeniedError) as error:
            call()
        assert "client bob may not use model tiny" in str(error.value)
    assert running.stop() == 0
    for secret in (ALICE, BOB, "nobody-0123456789"):
        assert secret not in running.log()


def test_the_rate_is_that_of_all_apis(start_http, request_for):
    running, port = start_http(access={"requests_per_minute": 12})  # two at once
    running.wait_probe()
    client = client_of(port)
    running.stub.Generate(request_for(max_tokens=1))
    client.completions.create(model="tiny", prompt="x", max_tokens=1)
    with pytest.raises(openai.RateLimitError) as error:
        client.completions.create(model="tiny", prompt="x", max_tokens=1)
    headers = error.value.response.headers
    assert 0 < int(headers["retry-after"]) <= 5 and 0 < int(headers["retry-after-ms"]) <= 5000
    assert error.value.code == "rate_limit_exceeded"
    with pytest.raises(openai.RateLimitError):  # every method counts
        client.models.list()
    # The client's own patience is enough.
    assert client.with_options(max_retries=3).completions.create(model="tiny", prompt="x", max_tokens=1)
    assert running.stop() == 0


def completion_head(length):
    return f"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()


def test_the_rate_counts_before_a_body_is_read(start_http):
    running, port = start_http(access={"requests_per_minute": 12})  # two at once
    running.wait_probe()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(3)]
        answers = []
        for client in clients:
            client.sendall(completion_head(4_000_000))
            client.settimeout(30 if client is clients[-1] else 0.5)
            with contextlib.suppress(TimeoutError):
                answers.append(client.recv(1000))
        assert len(answers) == 1 and answers[0].startswith(b"HTTP/1.1 429 "), answers
    assert running.stop() == 0


def test_long_bodies_are_read_apart(start_http):
    """By the threads for long prompts, not by the workers that short requests need."""
    running, port = start_http()
    running.wait_ready("tiny")
    body = b'{"model": "tiny", "prompt": [' + b"1," * 250_000 + b"1]}"
    for _ in range(12):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(completion_head(len(body)) + body)
            assert client.recv(1000).startswith(b"HTTP/1.1 400 ")
    ticks = {}
    for task in pathlib.Path(f"/proc/{running.process.pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        ticks[name] = ticks.get(name, 0) + int(rest.split()[11])  # in user mode
    assert ticks["long-prompts"] > 3 * ticks["http-worker"], ticks
    assert client_of(port).completions.create(model="tiny", prompt="x", max_tokens=1).usage.completion_tokens == 1
    assert running.stop() == 0


def test_threads_for_long_prompts_give_way(start_http):
    running, _ = start_http()
    niceness = {}

    def have_names():  # threads name themselves
        niceness.clear()
        for task in pathlib.Path(f"/proc/{running.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                niceness.setdefault((task / "comm").read_text().strip(), set()).add(os.getpriority(os.PRIO_PROCESS, int(task.name)))
        return {"long-prompts", "http-io", "stream-arrivals"} <= set(niceness)

    wait_until(have_names)
    assert min(niceness["long-prompts"]) > max(niceness["http-io"] | niceness["stream-arrivals"]), niceness
    assert running.stop() == 0


@pytest.mark.parametrize("port_of, path", [("http", "/v1/models"), ("http", "/v1/models/tiny"), ("metrics", "/healthz"), ("metrics", "/metrics")])
@pytest.mark.parametrize("announced", ["Content-Length: 4194304", "Transfer-Encoding: chunked"])
def test_a_get_has_no_body(start_http, port_of, path, announced):
    running, http = start_http()
    running.wait_ready("tiny")
    with socket.create_connection(("127.0.0.1", http if port_of == "http" else running.metrics_port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{announced}\r\n\r\n".encode())
        answer = b""
        while data := client.recv(1000):
            answer += data
    assert answer.startswith(b"HTTP/1.1 413 ") and b"Connection: close" in answer, answer
    assert running.stop() == 0


def test_a_full_queue(start_http):
    running, port = start_http(cards=dummy_cards(step_us=20000), limits={"max_queue": 2, "max_running": 1})
    running.wait_ready("tiny")
    client = client_of(port)
    with pytest.raises(openai.RateLimitError) as error:  # the replies of one request are refused together
        client.completions.create(model="tiny", prompt="x", max_tokens=400, n=10, **GREEDY)
    assert "the queue is full" in str(error.value) and int(error.value.response.headers["retry-after-ms"]) > 0
    wait_until_idle(running)
    assert client.completions.create(model="tiny", prompt="x", max_tokens=2).usage.completion_tokens == 2
    assert running.stop() == 0


def test_tls(start_http, tmp_path):
    running, port = start_http(server=make_certificate(tmp_path))
    wait_for(running, "READY")
    assert "OpenAI, TLS" in running.log()
    trust = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    client = client_of(port, scheme="https", http_client=httpx2.Client(verify=trust))
    assert client.completions.create(model="tiny", prompt="x", max_tokens=3).usage.completion_tokens == 3
    assert len(text_of(client.completions.create(model="tiny", prompt="x", max_tokens=200, stream=True, **GREEDY))) > 50
    with pytest.raises(openai.APIConnectionError):
        client_of(port).models.list()
    assert running.stop() == 0


def test_an_address_that_is_taken(start_http, start):
    first, port = start_http()
    second = start(server={"http_listen": f"127.0.0.1:{port}"})
    assert second.process.wait(timeout=30) == 1
    errors = [line for line in second.log().splitlines() if " error " in line]
    assert len(errors) == 1 and f"cannot listen on 127.0.0.1:{port} (HTTP): Address already in use" in errors[0], second.log()
    assert first.stop() == 0


# Who goes, and who does not read.


def requests_on_card(running):
    metrics = running.metrics()
    return sum(metrics[f'streamtensor_{state}_requests{{model="tiny",card="dummy:0"}}'] for state in ("running", "waiting"))


def wait_until_idle(running):
    for _ in range(1500):
        if requests_on_card(running) == 0 and running.metrics()['streamtensor_kv_pages{card="dummy:0",state="held"}'] == 0:
            return
        time.sleep(0.02)
    raise AssertionError("the card holds requests of clients that have gone")


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
def test_a_closed_connection_frees_its_slot_within_one_step(start_http, streams):
    running, port = start_http(cards=dummy_cards(step_us=1000000))
    running.wait_ready("tiny")
    body = json.dumps({"model": "tiny", "prompt": "x", "max_tokens": 400, "ignore_eos": True, "stream": streams})
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"POST /v1/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        while requests_on_card(running) == 0:
            time.sleep(0.01)
        steps = running.metrics().get('streamtensor_steps_total{card="dummy:0"}', 0)
    wait_until_idle(running)
    assert running.metrics()['streamtensor_steps_total{card="dummy:0"}'] <= steps + 1, "the one that was under way"
    assert running.metrics()['streamtensor_requests_failed_total{reason="cancelled"}'] == 1
    assert running.stop() == 0


def test_leaving_a_stream_of_the_client_frees_all_its_replies(start_http):
    running, port = start_http(cards=dummy_cards(step_us=5000))
    running.wait_ready("tiny")
    client = client_of(port)
    with client.completions.create(model="tiny", prompt="x", max_tokens=400, n=4, stream=True, **GREEDY) as stream:
        next(stream)
        assert requests_on_card(running) == 4
    wait_until_idle(running)
    assert running.metrics()['streamtensor_requests_failed_total{reason="cancelled"}'] == 4
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.3).chat.completions.create(model="tiny", messages=[{"role": "user", "content": "x"}], **GREEDY)
    wait_until_idle(running)
    assert running.stop() == 0


def test_a_slow_reader_pauses_alone(start_http, tmp_path, request_for):
    """A reader that takes nothing stops its own sequence, which ends at a limit; others run on."""
    big = write_artifact(tmp_path / "big", max_context=16384)
    running, port = start_http([{"name": "tiny", "artifact": str(big)}], limits={"slow_reader_seconds": 4})
    running.wait_ready("tiny")
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "slow"}], "max_tokens": 16000, "ignore_eos": True,
                       "temperature": 0, "logprobs": True, "top_logprobs": 20, "stream": True})

    def generated():
        return running.metrics()['streamtensor_generated_tokens_total{model="tiny"}']

    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect(("127.0.0.1", port))
        connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        paused_at, quiet = generated(), 0
        while quiet < 3 or paused_at == 0:
            time.sleep(0.3)
            quiet = quiet + 1 if generated() == paused_at else 0
            paused_at = generated()
        assert paused_at < 8000, "paused long before its end"
        quick = running.stub.Generate(request_for(prompt="quick", max_tokens=50))
        assert generated() == paused_at + quick.usage.completion_tokens
        wait_until_idle(running)
        connection.settimeout(30)
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            data = connection.recv(1 << 16)
            assert data, received[-1000:]
            received += data
    assert received.count(b'"top_logprobs"') == paused_at, "what was generated arrives"
    assert b'data: {"error":{"message":"the client has left the stream unread for 4s"' in received and b"[DONE]" not in received
    assert running.stop() == 0


def test_a_stream_that_breaks_off_ends_with_an_error(start_http):
    running, port = start_http(cards=dummy_cards(step_us=100000), limits={"drain_seconds": 0})
    running.wait_ready("tiny")
    stream = client_of(port).completions.create(model="tiny", prompt="x", max_tokens=400, stream=True, **GREEDY)
    next(stream)
    running.process.terminate()
    with pytest.raises(openai.APIError) as error:
        list(stream)
    assert "shutting down" in str(error.value) and error.value.code == "unavailable"
    assert running.process.wait(timeout=30) == 0


def test_a_draining_daemon_takes_no_requests(start_http):
    running, port = start_http(cards=dummy_cards(step_us=20000))
    running.wait_ready("tiny")
    client = client_of(port)
    stream = client.completions.create(model="tiny", prompt="x", max_tokens=60, stream=True, **GREEDY)
    first = next(stream).choices[0].text
    running.process.terminate()
    wait_for(running, "shutting down")
    with pytest.raises(openai.InternalServerError) as error:
        for _ in range(100):
            client.completions.create(model="tiny", prompt="x", max_tokens=1)
    assert error.value.status_code == 503 and error.value.code == "unavailable"
    assert len(first + text_of(stream)) > 30, "what runs may end"
    assert running.process.wait(timeout=30) == 0


# What an operator sees.


def test_a_request_is_followed_by_its_id(start_http):
    running, port = start_http(log={"format": "json"})
    running.wait_ready("tiny")
    client = client_of(port)
    reply = client.completions.create(model="tiny", prompt="x", max_tokens=2, extra_headers={"x-request-id": "shop-42"})
    assert reply._request_id == "shop-42" and reply.id == "cmpl-shop-42"
    client.completions.create(model="tiny", prompt="x", max_tokens=2, n=2, extra_headers={"x-request-id": "both"})
    with pytest.raises(openai.BadRequestError) as error:
        client.completions.create(model="tiny", prompt="x", temperature=-1, extra_headers={"x-request-id": "bad-1"})
    assert error.value.request_id == "bad-1"
    assert client.completions.create(model="tiny", prompt="x", max_tokens=2, extra_headers={"x-request-id": "no id"})._request_id == "r1"
    assert running.stop() == 0
    lines = {line["request"]: line["message"] for line in map(json.loads, running.log().splitlines()) if "request" in line}
    assert {"shop-42", "both.0", "both.1", "bad-1", "r1"} == set(lines)
    assert lines["shop-42"].startswith("done: prompt ") and "temperature is -1" in lines["bad-1"]


@pytest.mark.parametrize("logs", [False, True], ids=["by default", "when asked for"])
def test_prompts_are_logged_only_when_asked_for(start_http, logs):
    running, port = start_http(log={"level": "debug", "prompts": logs})
    running.wait_ready("tiny")
    client = client_of(port, api_key="SECRET-key-0123456789")
    client.completions.create(model="tiny", prompt="SECRET-prompt", stop="SECRET-stop", max_tokens=2)
    client.chat.completions.create(model="tiny", messages=[{"role": "user", "content": "SECRET-content"}], max_tokens=2)
    for body in ('{"SECRET-field": 1}', '{"model": "tiny", "prompt": "SECRET-long'):
        post(port, "/v1/completions", body)
    assert running.stop() == 0
    for word in ("SECRET-prompt", "SECRET-stop", "SECRET-content"):
        assert (word in running.log()) == logs
    for word in ("SECRET-key", "SECRET-long"):
        assert word not in running.log()
