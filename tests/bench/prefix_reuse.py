#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What prefix reuse saves: TTFT of two requests that share a prefix of 512 tokens, 16 full pages.

    tests/bench/prefix_reuse.py build/bin [--pairs 8]

SmolLM2 on the emulated card. Each pair has a prefix that nobody asked before; the two differ in their last words.
Measured by this client's clock, from the call to the first token. The second is then asked again without reuse, which
must not change a token.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402

TOPICS = ("rivers", "glass", "bridges", "bread", "clocks", "wool", "maps", "salt", "trains", "paper", "lamps", "ink")


PREFIX_TOKENS = 512


def ids_of(daemon, text):
    return list(daemon.stub.Tokenize(daemon.pb.TokenizeRequest(model="smollm2", text=text)).token_ids)


def prefix_of(daemon, topic):
    sentence = f"Here is one more thing that people who know a lot about {topic} like to tell about {topic}. "
    ids = ids_of(daemon, f"An essay about {topic}. " + 40 * sentence)
    assert len(ids) >= PREFIX_TOKENS
    return ids[:PREFIX_TOKENS]


def ask(daemon, ids, reuse=True):
    """Seconds to the first token, the usage and the reply's tokens."""
    request = daemon.pb.GenerateRequest(model="smollm2")
    request.tokens.ids.extend(ids)
    request.sampling.temperature = 0
    request.stopping.max_tokens = 16
    request.stopping.ignore_eos = True
    request.output.prompt_logprobs = not reuse  # they need every row computed
    begin, first, usage, reply = time.monotonic(), None, None, []
    for response in daemon.stub.GenerateStream(request):
        reply += response.token_ids
        if first is None and reply:
            first = time.monotonic() - begin
        if response.HasField("usage"):
            usage = response.usage
    return first, usage, reply


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=8, choices=range(1, len(TOPICS)))
    arguments = parser.parse_args()
    model = subprocess.check_output([ROOT / "scripts/fetch-model"], text=True).strip()
    pairs, reused = [], []
    with Daemon(arguments.binary_dir, [{"name": "smollm2", "source": model}]) as daemon:
        daemon.wait_ready("smollm2", timeout=600)
        ask(daemon, prefix_of(daemon, TOPICS[0]))  # warms up
        first_end, second_end = ids_of(daemon, "To begin with, it is"), ids_of(daemon, "In the end, it is")
        for topic in TOPICS[1 : 1 + arguments.pairs]:
            prefix = prefix_of(daemon, topic)
            fresh = ask(daemon, prefix + first_end)
            again = ask(daemon, prefix + second_end)
            alone = ask(daemon, prefix + second_end, reuse=False)
            if fresh[1].cached_tokens or alone[1].cached_tokens or again[2] != alone[2]:
                raise SystemExit(f"{topic}: reuse where there is none, or another reply with it: {fresh}, {again}, {alone}")
            pairs.append((fresh[0], again[0]))
            reused.append((again[1].prompt_tokens, again[1].cached_tokens))
    print(f"prompts of {reused[0][0]} tokens; the second reuses (cached_tokens): {sorted({cached for _, cached in reused})}")
    print(f"all {len(pairs)} second replies have the tokens that they have without reuse")
    fresh, again = (statistics.median(times) for times in zip(*pairs))
    print(f"TTFT, median of {len(pairs)}: first {1e3 * fresh:.1f} ms, second {1e3 * again:.1f} ms, "
          f"{fresh / again:.1f} times less (measured)")
    worst = max(again / fresh for fresh, again in pairs)
    print(f"worst pair: the second takes {worst:.2f} of the first (measured)")


if __name__ == "__main__":
    main()
