# SPDX-License-Identifier: Apache-2.0
"""Clients of streamtensord over gRPC: blocking, and for asyncio.

Both take a request as `prompt` (text), `chat` (messages, rendered with the model's template) or `tokens` (ids), and these
keywords: `max_tokens, min_tokens, stop_strings, stop_token_ids, ignore_eos`; `temperature` (0 is greedy), `top_k, top_p,
min_p, repetition_penalty, presence_penalty, frequency_penalty, seed, logit_bias` (by token id); `logprobs,
prompt_logprobs`; `priority`. What is left out is as the daemon has it.
"""

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
import grpc.aio

from streamtensor.errors import ServerError
from streamtensor.v1 import inference_pb2 as pb
from streamtensor.v1 import inference_pb2_grpc as rpc

DEFAULT_TARGET = "127.0.0.1:50051"
_MAX_MESSAGE_BYTES = 64 << 20
_SAMPLING = {"temperature", "top_k", "top_p", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed"}
_STOPPING = {"max_tokens", "min_tokens", "stop_strings", "stop_token_ids", "ignore_eos"}
_OUTPUT = {"logprobs", "prompt_logprobs"}

Messages = str | Sequence[Mapping[str, str]]


@dataclass
class Reply:
    """What a request produced.

    `finish_reason` is "STOP" or "LENGTH". `message` is the daemon's last message whole: usage, timing, energy, card.
    """

    text: str = ""
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)
    prompt_logprobs: list[Any] = field(default_factory=list)
    finish_reason: str = ""
    stop_match: str = ""
    seed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    message: Any = None

    def _add(self, part: Any) -> None:
        self.text += part.text
        self.token_ids += part.token_ids
        self.logprobs += part.logprobs
        self.prompt_logprobs += part.prompt_logprobs
        if part.finish_reason:
            self.finish_reason = pb.FinishReason.Name(part.finish_reason).removeprefix("FINISH_REASON_")
            self.stop_match = part.stop_match
            self.seed = part.seed
            self.prompt_tokens = part.usage.prompt_tokens
            self.completion_tokens = part.usage.completion_tokens
            self.message = part


def _request(model: str, prompt: str | None, chat: Messages | None, tokens: Sequence[int] | None,
             options: Mapping[str, Any]) -> Any:
    if sum(value is not None for value in (prompt, chat, tokens)) != 1:
        raise ValueError("give one of prompt, chat and tokens")
    unknown = sorted(set(options) - _SAMPLING - _STOPPING - _OUTPUT - {"priority", "logit_bias"})
    if unknown:
        raise TypeError(f"no such option: {', '.join(unknown)}")
    given = {name: value for name, value in options.items() if value is not None}
    request = pb.GenerateRequest(
        model=model,
        sampling=pb.Sampling(**{name: given[name] for name in _SAMPLING & given.keys()}),
        stopping=pb.Stopping(**{name: given[name] for name in _STOPPING & given.keys()}),
        output=pb.Output(**{name: given[name] for name in _OUTPUT & given.keys()}),
    )
    for token_id, bias in given.get("logit_bias", {}).items():
        request.sampling.logit_bias.add(token_id=token_id, bias=bias)
    if "priority" in given:
        request.priority = given["priority"]
    if prompt is not None:
        request.prompt = prompt
    elif tokens is not None:
        request.tokens.ids.extend(tokens)
        request.tokens.SetInParent()
    elif chat is not None:
        messages = [{"role": "user", "content": chat}] if isinstance(chat, str) else chat
        request.chat.SetInParent()
        for message in messages:
            request.chat.messages.add(role=message["role"], content=message["content"])
    return request


def _error(error: Any) -> ServerError:
    metadata = {key: value for key, value in error.trailing_metadata() or ()}
    after = metadata.get("retry-after-ms")
    return ServerError(error.code().name, error.details() or "", float(after) / 1e3 if after else None)


def _channel_arguments(target: str, token: str | None, certificates: str | os.PathLike[str] | None) -> tuple[Any, Any]:
    """Credentials (None without TLS) and metadata of each call."""
    if token is not None and certificates is None and not target.startswith(("127.0.0.1:", "localhost:", "[::1]:", "unix:")):
        raise ValueError(f"a token would go to {target} in the clear; give `certificates`, the file that its TLS is checked by")
    metadata = [("authorization", f"Bearer {token}")] if token is not None else None
    if certificates is None:
        return None, metadata
    with open(certificates, "rb") as file:
        return grpc.ssl_channel_credentials(file.read()), metadata


_CHANNEL_OPTIONS = [("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES)]


class Stream:
    """A reply as it comes: iterate for its text; `reply` has all of what has come, its totals once it has ended.

    Closing it (it is a context manager) before its end cancels the request.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self.reply = Reply()

    def __iter__(self) -> Iterator[str]:
        try:
            for part in self._call:
                self.reply._add(part)
                if part.text:
                    yield part.text
        except grpc.RpcError as error:
            raise _error(error) from None

    def cancel(self) -> None:
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()


class Client:
    """A blocking client. Safe to share among threads.

    `timeout` bounds each call, in seconds; None waits for ever. `certificates` names a PEM file of the authorities by
    which the daemon's TLS is checked; None connects without TLS. `token` is sent with each call.
    """

    def __init__(self, target: str = DEFAULT_TARGET, *, token: str | None = None,
                 certificates: str | os.PathLike[str] | None = None, timeout: float | None = None) -> None:
        credentials, self._metadata = _channel_arguments(target, token, certificates)
        self._channel = (grpc.secure_channel(target, credentials, options=_CHANNEL_OPTIONS) if credentials
                         else grpc.insecure_channel(target, options=_CHANNEL_OPTIONS))
        self._stub = rpc.InferenceServiceStub(self._channel)
        self._timeout = timeout

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _ask(self, method: str, request: Any) -> Any:
        try:
            return getattr(self._stub, method)(request, timeout=self._timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _error(error) from None

    def generate(self, model: str, prompt: str | None = None, *, chat: Messages | None = None,
                 tokens: Sequence[int] | None = None, **options: Any) -> Reply:
        """Runs a request to its end."""
        reply = Reply()
        reply._add(self._ask("Generate", _request(model, prompt, chat, tokens, options)))
        return reply

    def stream(self, model: str, prompt: str | None = None, *, chat: Messages | None = None,
               tokens: Sequence[int] | None = None, **options: Any) -> Stream:
        """Starts a request; its text is read from what is returned. Errors are raised while reading."""
        request = _request(model, prompt, chat, tokens, options)
        return Stream(self._stub.GenerateStream(request, timeout=self._timeout, metadata=self._metadata))

    def chat(self, model: str, messages: Messages, **options: Any) -> Reply:
        """The reply to a conversation; a string is one message of the user."""
        return self.generate(model, chat=messages, **options)

    def tokenize(self, model: str, text: str, *, parse_special: bool = False) -> list[int]:
        return list(self._ask("Tokenize", pb.TokenizeRequest(model=model, text=text, parse_special=parse_special)).token_ids)

    def detokenize(self, model: str, token_ids: Iterable[int]) -> str:
        return str(self._ask("Detokenize", pb.DetokenizeRequest(model=model, token_ids=token_ids)).text)

    def models(self) -> dict[str, str]:
        """The state of each model by name: "COMPILING", "LOADING", "READY" or "FAILED"."""
        return _states(self._ask("ListModels", pb.ListModelsRequest()))


class AsyncStream:
    """As Stream, read by `async for`."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.reply = Reply()

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            async for part in self._call:
                self.reply._add(part)
                if part.text:
                    yield part.text
        except grpc.RpcError as error:
            raise _error(error) from None

    def cancel(self) -> None:
        self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()


class AsyncClient:
    """As Client, for asyncio. Make it, and use it, within one event loop."""

    def __init__(self, target: str = DEFAULT_TARGET, *, token: str | None = None,
                 certificates: str | os.PathLike[str] | None = None, timeout: float | None = None) -> None:
        credentials, self._metadata = _channel_arguments(target, token, certificates)
        self._channel = (grpc.aio.secure_channel(target, credentials, options=_CHANNEL_OPTIONS) if credentials
                         else grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS))
        self._stub = rpc.InferenceServiceStub(self._channel)
        self._timeout = timeout

    async def close(self) -> None:
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _ask(self, method: str, request: Any) -> Any:
        try:
            return await getattr(self._stub, method)(request, timeout=self._timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _error(error) from None

    async def generate(self, model: str, prompt: str | None = None, *, chat: Messages | None = None,
                       tokens: Sequence[int] | None = None, **options: Any) -> Reply:
        reply = Reply()
        reply._add(await self._ask("Generate", _request(model, prompt, chat, tokens, options)))
        return reply

    def stream(self, model: str, prompt: str | None = None, *, chat: Messages | None = None,
               tokens: Sequence[int] | None = None, **options: Any) -> AsyncStream:
        request = _request(model, prompt, chat, tokens, options)
        return AsyncStream(self._stub.GenerateStream(request, timeout=self._timeout, metadata=self._metadata))

    async def chat(self, model: str, messages: Messages, **options: Any) -> Reply:
        return await self.generate(model, chat=messages, **options)

    async def tokenize(self, model: str, text: str, *, parse_special: bool = False) -> list[int]:
        request = pb.TokenizeRequest(model=model, text=text, parse_special=parse_special)
        return list((await self._ask("Tokenize", request)).token_ids)

    async def detokenize(self, model: str, token_ids: Iterable[int]) -> str:
        return str((await self._ask("Detokenize", pb.DetokenizeRequest(model=model, token_ids=token_ids))).text)

    async def models(self) -> dict[str, str]:
        return _states(await self._ask("ListModels", pb.ListModelsRequest()))


def _states(answer: Any) -> dict[str, str]:
    return {model.name: pb.ModelState.Name(model.state).removeprefix("MODEL_STATE_") for model in answer.models}
