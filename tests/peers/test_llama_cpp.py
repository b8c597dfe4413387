# SPDX-License-Identifier: Apache-2.0
"""The served model against llama.cpp on the same file and the same tokens.

Neither is exact: both quantise activations to 8 bits, llama.cpp with a scale for each group of 32, the card with
one for a row and shifts for the groups, and the card rounds the weights' scales.
So perplexities are compared within 2 %, and greedy texts up to the first near-tie of llama.cpp's top two.
"""

import math
import pathlib

NEAR_TIE = 0.5
PROMPTS = [
    "What is the capital of France?",
    "Write a short poem about the sea.",
    "Explain how rain forms.",
    "List three uses of copper.",
    "Who wrote Romeo and Juliet?",
    "Give me a recipe for pancakes.",
    "Why is the sky blue?",
    "Translate 'good morning' into Spanish.",
    "Describe a cat in two sentences.",
    "What is a prime number?",
    "Tell me a story about a brave mouse.",
    "How do bees make honey?",
    "What should I pack for a trip to the mountains?",
    "Name the planets of the solar system.",
    "Write a polite email asking for a day off.",
    "What is the difference between a lake and a river?",
]
REPLY_TOKENS = 40


def perplexity(logprobs):
    return math.exp(-sum(logprobs) / len(logprobs))


def test_perplexity_of_plain_english(daemon, llama_cpp):
    text = (pathlib.Path(__file__).parent / "english.txt").read_text()
    ids = list(daemon.stub.Tokenize(daemon.pb.TokenizeRequest(model="smollm2", text=text)).token_ids)[:2200]
    assert len(ids) > 2000
    request = daemon.pb.GenerateRequest(model="smollm2")
    request.tokens.ids.extend(ids)
    request.stopping.max_tokens = 1
    request.sampling.temperature = 0
    request.output.prompt_logprobs = True
    response = daemon.stub.Generate(request, timeout=300)
    assert [entry.token_id for entry in response.prompt_logprobs] == ids[1:]
    assert response.usage.cached_tokens == 0
    ours = perplexity([entry.logprob for entry in response.prompt_logprobs])
    theirs = perplexity(llama_cpp.ask(logprobs=ids)["logprobs"])
    print(f"perplexity over {len(ids) - 1} tokens: ours {ours:.4f}, llama.cpp {theirs:.4f}, ratio {ours / theirs:.4f}")
    assert abs(ours / theirs - 1) < 0.02


def test_greedy_replies(daemon, llama_cpp):
    compared = 0
    for prompt in PROMPTS:
        request = daemon.pb.GenerateRequest(model="smollm2")
        request.sampling.temperature = 0
        request.stopping.max_tokens = REPLY_TOKENS
        request.stopping.ignore_eos = True
        chat = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        ids = list(
            daemon.stub.Tokenize(
                daemon.pb.TokenizeRequest(model="smollm2", text=chat, parse_special=True)
            ).token_ids
        )
        request.tokens.ids.extend(ids)
        ours = list(daemon.stub.Generate(request, timeout=300).token_ids)
        answer = llama_cpp.ask(greedy=ids, count=REPLY_TOKENS)
        assert len(ours) == REPLY_TOKENS
        for i, (mine, theirs, gap) in enumerate(zip(ours, answer["ids"], answer["gaps"])):
            compared += 1
            if mine != theirs:
                assert gap < NEAR_TIE, f"{prompt!r}, token {i}: {mine} against {theirs}, top two {gap:.3f} apart"
                break
    print(f"greedy: {compared} tokens compared")
    assert compared >= 300
