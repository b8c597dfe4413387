# SPDX-License-Identifier: Apache-2.0
"""Many clients on one card, the real model: each gets what it would get alone; equal prefixes are computed once."""

import concurrent.futures
import time

import openai

TEXTS = [
    "The history of the river begins",
    "Write a short letter to a friend about the weather in spring.",
    "1, 2, 3, 5, 8,",
    "def fibonacci(n):",
    "Once upon a time, in a village at the edge of a dark forest, there lived an old clockmaker who",
    "The capital of France is",
    "Explain in one sentence why the sky is blue.",
    "List of fruits: apple, pear,",
]


def requests(daemon):
    pb = daemon.pb
    for i in range(32):
        text = TEXTS[i % len(TEXTS)] + " and then" * (i // len(TEXTS))
        request = pb.GenerateRequest(model="smollm2")
        if i % 4 == 3:
            request.chat.messages.add(role="user", content=text)
        else:
            request.prompt = text
        request.sampling.temperature = 0
        request.stopping.max_tokens = 8 + i % 9
        request.stopping.ignore_eos = True
        yield request


def stream(daemon, request):
    """Tokens, text, cached tokens and the seconds to the first token."""
    tokens, text, first, cached, began = [], "", None, 0, time.monotonic()
    for part in daemon.stub.GenerateStream(request, timeout=300):
        first = first or time.monotonic() - began
        tokens += part.token_ids
        text += part.text
        cached = part.usage.cached_tokens
    return tokens, text, cached, first


def test_32_clients_at_once_get_what_each_gets_alone(daemon):
    all_requests = list(requests(daemon))
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda request: stream(daemon, request), all_requests))
    steps = daemon.metrics()['streamtensor_steps_total{card="emulated:0"}']
    for request, (tokens, text, _, _) in zip(all_requests, together):
        alone = daemon.stub.Generate(request, timeout=300)
        assert tokens == list(alone.token_ids) and text == alone.text, request
        assert len(tokens) == request.stopping.max_tokens
    assert len({text for _, text, _, _ in together}) > 20, "different prompts, different replies"
    assert steps < sum(len(tokens) for tokens, _, _, _ in together) / 2, "steps were shared"


def test_the_openai_client_gets_the_same_text(daemon):
    """Prompts and chats at once, streamed and not, the real tokenizer and chat template."""
    client = openai.OpenAI(base_url=daemon.openai_url, api_key="none", max_retries=0, timeout=300)

    def ask(numbered):
        i, request = numbered
        options = {"model": "smollm2", "temperature": 0, "max_tokens": request.stopping.max_tokens, "extra_body": {"ignore_eos": True},
                   "stream": i % 2 == 0}
        if request.HasField("chat"):
            messages = [{"role": m.role, "content": m.content} for m in request.chat.messages]
            reply = client.chat.completions.create(messages=messages, **options)
            return "".join(c.choices[0].delta.content or "" for c in reply) if options["stream"] else reply.choices[0].message.content
        reply = client.completions.create(prompt=request.prompt, **options)
        return "".join(c.choices[0].text for c in reply) if options["stream"] else reply.choices[0].text

    all_requests = list(requests(daemon))[:16]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        texts = list(pool.map(ask, enumerate(all_requests)))
    assert texts == [daemon.stub.Generate(request, timeout=300).text for request in all_requests]
    assert len(set(texts)) > 10


def test_a_shared_prefix_is_computed_once(daemon):
    sentence = daemon.stub.Tokenize(daemon.pb.TokenizeRequest(model="smollm2", text="A river is older than the town on its banks. "))
    prefix = (list(sentence.token_ids) * 60)[:512]

    def request(ending, base):
        made = daemon.pb.GenerateRequest(model="smollm2")
        made.tokens.ids.extend([*base, *ending])
        made.sampling.temperature = 0
        made.stopping.max_tokens = 12
        made.stopping.ignore_eos = True
        return made

    endings = [[int(t) for t in sentence.token_ids[:3]], [int(t) for t in sentence.token_ids[3:7]]]
    first = stream(daemon, request(endings[0], prefix))
    second = stream(daemon, request(endings[1], prefix))
    assert first[2] == 0 and second[2] == 512
    unshared = request(endings[1], prefix)
    unshared.output.prompt_logprobs = True  # computes every row itself
    reply = daemon.stub.Generate(unshared, timeout=300)
    assert reply.usage.cached_tokens == 0 and list(reply.token_ids) == second[0] and reply.text == second[1]
    print(f"TTFT measured: {first[3]:.3f} s, with the shared prefix {second[3]:.3f} s, 1/{first[3] / second[3]:.1f}")
