# SPDX-License-Identifier: Apache-2.0
"""Replies over gRPC: whole, streamed, shared, cut short."""

import concurrent.futures
import threading
import time

import grpc
import pytest

from conftest import MERGES, SPECIALS, dummy_cards, write_artifact


def collect(stream):
    """A stream's messages as one: text, ids, last message."""
    text, ids, last = "", [], None
    for part in stream:
        assert last is None, "only the last message carries totals"
        text += part.text
        ids += part.token_ids
        if part.finish_reason:
            last = part
    return text, ids, last


def test_stream_equals_whole(daemon, request_for):
    request = request_for(max_tokens=60)
    whole = daemon.stub.Generate(request)
    text, ids, last = collect(daemon.stub.GenerateStream(request))
    assert (text, ids) == (whole.text, list(whole.token_ids))
    assert whole.usage.completion_tokens == len(ids) > 0
    assert whole.usage.prompt_tokens > 0
    assert last.finish_reason == whole.finish_reason
    assert last.usage == whole.usage or last.usage.cached_tokens != whole.usage.cached_tokens
    assert whole.timing.ttft_seconds > 0


def test_seed_repeats_a_reply_and_is_reported(daemon, request_for):
    first = daemon.stub.Generate(request_for(temperature=1.0, max_tokens=40))
    request = request_for(temperature=1.0, max_tokens=40)
    request.sampling.seed = first.seed
    assert daemon.stub.Generate(request).token_ids == first.token_ids
    request.sampling.seed = first.seed + 1
    assert daemon.stub.Generate(request).token_ids != first.token_ids


def test_clients_share_steps_without_disturbing(daemon, request_for):
    requests = []
    for i in range(32):
        request = request_for(prompt=f"prompt number {i} " + "x" * (7 * i), max_tokens=30 + i, temperature=i % 2)
        request.sampling.seed = i
        request.stopping.ignore_eos = True
        requests.append(request)
    alone = [daemon.stub.Generate(r) for r in requests]
    before = daemon.metrics()["streamtensor_steps_total{card=\"dummy:0\"}"]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda r: collect(daemon.stub.GenerateStream(r)), requests))
    steps = daemon.metrics()["streamtensor_steps_total{card=\"dummy:0\"}"] - before
    for one, (text, ids, last) in zip(alone, together):
        assert text == one.text
        assert ids == list(one.token_ids)
        assert last.finish_reason == one.finish_reason
    assert steps < sum(len(one.token_ids) for one in alone) / 2, "steps are shared"


def test_text_is_valid_and_equals_detokenized(daemon, request_for, protos):
    request = request_for(max_tokens=200, temperature=1.0)
    request.stopping.ignore_eos = True
    reply = daemon.stub.Generate(request)
    visible = [i for i in reply.token_ids if i >= len(SPECIALS)]
    back = daemon.stub.Detokenize(protos.pb.DetokenizeRequest(model="tiny", token_ids=visible))
    assert reply.text == back.text == back.raw.decode("utf-8", errors="replace")


def test_stop_strings_and_tokens(daemon, request_for, protos):
    request = request_for(max_tokens=200)
    request.stopping.ignore_eos = True
    free = daemon.stub.Generate(request)
    middle = free.text[20:23]
    request.stopping.stop_strings.append(middle)
    cut = daemon.stub.Generate(request)
    assert cut.text == free.text[: free.text.index(middle)]
    assert cut.stop_match == middle
    assert cut.finish_reason == protos.pb.FINISH_REASON_STOP
    del request.stopping.stop_strings[:]
    stop_id = free.token_ids[10]
    request.stopping.stop_token_ids.append(stop_id)
    cut = daemon.stub.Generate(request)
    assert list(cut.token_ids) == list(free.token_ids)[: list(free.token_ids).index(stop_id) + 1]
    assert cut.finish_reason == protos.pb.FINISH_REASON_STOP
    request.stopping.min_tokens = 50
    assert len(daemon.stub.Generate(request).token_ids) >= 50


def test_lengths(daemon, request_for, protos):
    request = request_for(max_tokens=7)
    request.stopping.ignore_eos = True
    reply = daemon.stub.Generate(request)
    assert len(reply.token_ids) == 7 and reply.finish_reason == protos.pb.FINISH_REASON_LENGTH
    request = request_for(max_tokens=None)
    request.stopping.ignore_eos = True
    reply = daemon.stub.Generate(request)
    assert reply.usage.prompt_tokens + reply.usage.completion_tokens == 512, "up to the context's end"
    assert reply.finish_reason == protos.pb.FINISH_REASON_LENGTH


def test_logprobs(daemon, request_for):
    request = request_for(prompt="log-probabilities " * 8, max_tokens=5)
    request.stopping.ignore_eos = True
    request.output.logprobs = 3
    request.output.prompt_logprobs = True
    reply = daemon.stub.Generate(request)
    assert len(reply.logprobs) == 5
    assert len(reply.prompt_logprobs) == reply.usage.prompt_tokens - 1
    for logprob, token in zip(reply.logprobs, reply.token_ids):
        assert logprob.token_id == token
        assert logprob.alternatives[0].token_id == token, "greedy"
        assert logprob.alternatives[0].logprob == logprob.logprob < 0
        assert len(logprob.alternatives) == 3
    parts = list(daemon.stub.GenerateStream(request))
    streamed = [lp for part in parts for lp in part.prompt_logprobs]
    assert streamed == list(reply.prompt_logprobs)
    assert reply.usage.cached_tokens == daemon.stub.Generate(request).usage.cached_tokens == 0, "no reuse, no row left out"
    for alternatives in (0, 20):
        request.output.logprobs = alternatives
        again = daemon.stub.Generate(request)
        assert [lp.logprob for lp in again.logprobs] == [lp.logprob for lp in reply.logprobs]
        for logprob in [*again.logprobs, *again.prompt_logprobs]:
            likely = [a.logprob for a in logprob.alternatives]
            assert len(likely) == alternatives and likely == sorted(likely, reverse=True)
    request.output.logprobs = 3
    request.stopping.max_tokens = 0
    scored = daemon.stub.Generate(request)
    assert list(scored.prompt_logprobs) == list(reply.prompt_logprobs)
    assert not scored.token_ids


def test_prefixes_are_reused(daemon, request_for):
    request = request_for(prompt="a prefix of its own " * 15, max_tokens=5)
    first = daemon.stub.Generate(request)
    second = daemon.stub.Generate(request)
    assert first.usage.cached_tokens == 0
    assert second.usage.cached_tokens == (first.usage.prompt_tokens - 1) // 32 * 32 > 0
    assert second.token_ids == first.token_ids


def test_prompt_kinds(daemon, request_for, protos):
    pb = protos.pb
    ids = daemon.stub.Tokenize(pb.TokenizeRequest(model="tiny", text="hello world")).token_ids
    base = len(SPECIALS) + 256
    hello = base + MERGES.index(("hell", "o"))
    assert ids[0] == hello
    from_text = daemon.stub.Generate(request_for(prompt="hello world"))
    from_ids = daemon.stub.Generate(request_for(tokens=pb.Tokens(ids=ids)))
    assert from_text.token_ids == from_ids.token_ids
    chat = pb.Chat(messages=[pb.ChatMessage(role="user", content="hello")])
    rendered = (
        "<|im_start|>system\nYou are a test.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    )
    chat_ids = daemon.stub.Tokenize(pb.TokenizeRequest(model="tiny", text=rendered, parse_special=True)).token_ids
    assert daemon.stub.Generate(request_for(chat=chat)).token_ids == daemon.stub.Generate(
        request_for(tokens=pb.Tokens(ids=chat_ids))
    ).token_ids


def test_cancelled_stream_frees_its_place(daemon, request_for):
    request = request_for(prompt="gone soon", max_tokens=400)
    request.stopping.ignore_eos = True
    for _ in range(20):
        stream = daemon.stub.GenerateStream(request)
        next(iter(stream))
        stream.cancel()
    for _ in range(100):
        metrics = daemon.metrics()
        if metrics['streamtensor_running_requests{model="tiny",card="dummy:0"}'] == 0:
            break
        time.sleep(0.05)
    assert metrics['streamtensor_running_requests{model="tiny",card="dummy:0"}'] == 0
    assert metrics['streamtensor_kv_pages{card="dummy:0",state="held"}'] == 0


def test_deadline(start, request_for):
    slow = start(cards=dummy_cards(step_us=20000))
    slow.wait_ready("tiny")
    request = request_for(max_tokens=500)
    request.stopping.ignore_eos = True
    with pytest.raises(grpc.RpcError) as error:
        slow.stub.Generate(request, timeout=0.5)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    for _ in range(100):
        failed = {name: count for name, count in slow.metrics().items() if name.startswith("streamtensor_requests_failed_total")}
        if failed:
            break
        time.sleep(0.05)
    assert failed == {'streamtensor_requests_failed_total{reason="deadline_exceeded"}': 1}, "not taken for a client that went away"
    assert slow.stop() == 0


def test_full_queue_is_refused_with_a_hint(start, request_for):
    small = start(cards=dummy_cards(step_us=20000), limits={"max_queue": 2, "max_running": 1})
    small.wait_ready("tiny")
    request = request_for(max_tokens=100)
    request.stopping.ignore_eos = True
    streams = [small.stub.GenerateStream(request) for _ in range(10)]
    codes, hints = [], []

    def drain(stream):
        try:
            for _ in stream:
                break
            codes.append("running")
        except grpc.RpcError as error:
            codes.append(error.code())
            hints.append(dict(error.trailing_metadata()))

    threads = [threading.Thread(target=drain, args=(s,)) for s in streams]
    for thread in threads:
        thread.start()
    time.sleep(1)
    for stream in streams:
        stream.cancel()
    for thread in threads:
        thread.join()
    refused = [h for c, h in zip([c for c in codes if c != "running"], hints) if c == grpc.StatusCode.RESOURCE_EXHAUSTED]
    assert 6 <= len(refused) <= 8
    for hint in refused:
        assert int(hint["retry-after-ms"]) > 0
        assert hint["grpc-retry-pushback-ms"] == hint["retry-after-ms"]
    assert small.stop() == 0


def test_a_slow_reader_pauses_alone(start, request_for, tmp_path, protos):
    """A reader that takes nothing stops its own sequence, which ends at a limit; others run on."""
    big = write_artifact(tmp_path / "big", max_context=16384)
    running = start([{"name": "tiny", "artifact": str(big)}], limits={"slow_reader_seconds": 4})
    running.wait_ready("tiny")
    request = request_for(prompt="slow", max_tokens=16000)
    request.stopping.ignore_eos = True
    request.output.logprobs = 20
    # A window that grows by itself would take the whole reply.
    channel = grpc.insecure_channel(
        running.server, options=[("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 65536)]
    )
    stream = protos.rpc.InferenceServiceStub(channel).GenerateStream(request)

    def generated():
        return running.metrics()['streamtensor_generated_tokens_total{model="tiny"}']

    paused_at, quiet = generated(), 0
    while quiet < 3 or paused_at == 0:
        time.sleep(0.3)
        quiet = quiet + 1 if generated() == paused_at else 0
        paused_at = generated()
    assert paused_at < 8000, "paused long before its end"
    quick = running.stub.Generate(request_for(prompt="quick", max_tokens=50))
    assert quick.usage.completion_tokens > 0
    assert generated() == paused_at + quick.usage.completion_tokens
    while running.metrics()['streamtensor_running_requests{model="tiny",card="dummy:0"}'] > 0:
        time.sleep(0.1)
    received = 0
    with pytest.raises(grpc.RpcError) as error:
        for part in stream:
            received += len(part.token_ids)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "unread" in error.value.details()
    assert received == paused_at, "what was generated arrives"
    assert running.stop() == 0
