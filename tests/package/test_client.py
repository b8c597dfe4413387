# SPDX-License-Identifier: Apache-2.0
"""Client and AsyncClient against a real daemon on a dummy card."""

import asyncio

import pytest

import streamtensor
from conftest import BIN
from daemon import Daemon
from dummy_artifact import write_artifact

GREEDY = {"temperature": 0.0, "max_tokens": 40, "ignore_eos": True}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    artifact = write_artifact(tmp_path_factory.mktemp("artifact"))
    cards = [{"driver": "dummy", "index": 0, "step_us": 500}]
    with Daemon(BIN, [{"name": "tiny", "artifact": str(artifact)}], cards) as running:
        running.wait_ready("tiny")
        yield running


@pytest.fixture
def client(daemon):
    with streamtensor.Client(daemon.server, timeout=60) as opened:
        yield opened


def test_stream_equals_whole(client):
    whole = client.generate("tiny", "hello world", seed=7, **GREEDY)
    stream = client.stream("tiny", "hello world", seed=7, **GREEDY)
    text = "".join(stream)
    assert text == stream.reply.text == whole.text
    assert stream.reply.token_ids == whole.token_ids and len(whole.token_ids) == 40
    assert stream.reply.finish_reason == whole.finish_reason == "LENGTH"
    assert stream.reply.completion_tokens == 40 and stream.reply.seed == whole.seed == 7


def test_chat_of_a_string_is_one_message_of_the_user(client):
    said = client.chat("tiny", "hello", **GREEDY)
    assert said.token_ids == client.chat("tiny", [{"role": "user", "content": "hello"}], **GREEDY).token_ids
    assert said.prompt_tokens > len(client.tokenize("tiny", "hello"))


def test_tokens_and_text(client):
    ids = client.tokenize("tiny", "hello world")
    assert client.detokenize("tiny", ids) == "hello world"
    assert client.generate("tiny", tokens=ids, **GREEDY).prompt_tokens == len(ids)
    assert client.models() == {"tiny": "READY"}


def test_errors_are_of_the_package(client):
    with pytest.raises(streamtensor.ServerError, match="other") as caught:
        client.generate("other", "hello")
    assert caught.value.code == "NOT_FOUND"
    with pytest.raises(streamtensor.ServerError) as caught:
        list(client.stream("tiny", "hello", temperature=-1.0))
    assert caught.value.code == "INVALID_ARGUMENT"
    with pytest.raises(ValueError, match="one of prompt, chat and tokens"):
        client.generate("tiny", "hello", tokens=[1])
    with pytest.raises(TypeError, match="temprature"):
        client.generate("tiny", "hello", temprature=0)
    with pytest.raises(ValueError, match="in the clear"):
        streamtensor.Client("example.invalid:1", token="secret")


def test_leaving_a_stream_cancels_it(client, daemon):
    with client.stream("tiny", "hello", temperature=0.0, max_tokens=400, ignore_eos=True) as stream:
        next(iter(stream))
    assert client.generate("tiny", "hello", **GREEDY).finish_reason == "LENGTH"


def test_asyncio(client, daemon):
    async def ask():
        async with streamtensor.AsyncClient(daemon.server, timeout=60) as opened:
            async def read(prompt):
                stream = opened.stream("tiny", prompt, **GREEDY)
                text = "".join([part async for part in stream])
                assert text == stream.reply.text
                return text

            with pytest.raises(streamtensor.ServerError, match="NOT_FOUND"):
                await opened.generate("other", "hello")
            assert await opened.models() == {"tiny": "READY"}
            return await asyncio.gather(*(read(f"hello {i}") for i in range(8)))

    assert asyncio.run(ask()) == [client.generate("tiny", f"hello {i}", **GREEDY).text for i in range(8)]
