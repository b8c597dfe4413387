#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A standing attacker. Honest clients use a daemon, first undisturbed, then beside a seeded mix of attackers, while its
cards are killed and its configuration is reloaded. Their texts stay what they were, their first tokens come about as
soon, and afterwards the daemon holds no more memory, descriptors, threads or KV pages than before.

    tests/attack/attack.py build/bin [--seconds 60] [--seed N]
    tests/attack/attack.py build/bin --seconds 3600       # an hour

Each attacker's actions depend only on the seed and the attacker's number; what happens at the same time does not."""

import argparse
import collections
import dataclasses
import multiprocessing
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[0] / "integration")]

import honest  # noqa: E402
from attackers import Target, run_attacker  # noqa: E402
from daemon import ROOT, Daemon, free_ports, protos  # noqa: E402

MODEL, VOCABULARY = "tiny", 384
CARDS, HONEST, ATTACKERS, QUESTIONS = 2, 4, 16, 24
REQUESTS_PER_MINUTE = 1200  # of each client; every attacker is a client of its own
CALM_SECONDS, OPERATOR_SECONDS, SETTLE_SECONDS = 15, 30, 120
ROUND_SECONDS = 600  # a longer attack comes in rounds, with undisturbed seconds before each
# Honest clients' p99 of the time to the first token, against that of the undisturbed seconds before. A card that is
# killed takes its prompts with it, which are computed again beside the other card's: what that costs is measured in
# seconds with the operator and without attackers, and counts where it is more.
MAX_RATIO = 3
MAX_GROWTH = 0.1  # of resident memory


def make_artifact(compiler, folder):
    """A small Llama with random weights for the emulated card."""
    model, made = folder / "tiny.gguf", folder / "artifact"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", model], check=True)
    subprocess.run([compiler, "compile", model, "-o", made, "--max-context", "512"], check=True, capture_output=True)
    return made


def make_questions(seed):
    rng = random.Random(f"{seed}/questions")
    beginning = [rng.randrange(5, VOCABULARY) for _ in range(64)]
    return [
        {"model": MODEL, "prompt": beginning[: rng.choice([0, 0, 40, 64])] + [rng.randrange(5, VOCABULARY) for _ in range(rng.randint(1, 60))],
         "max_tokens": rng.randint(5, 60), "temperature": rng.choice([0, 1]), "seed": rng.randrange(1 << 60)}
        for _ in range(QUESTIONS)
    ]


def start_daemon(binary_dir, artifact, folder):
    tokens = folder / "tokens"
    names = [f"honest{i}" for i in range(HONEST)] + [f"mallory{i}" for i in range(ATTACKERS)]
    tokens.write_text("".join(f"{name} {token_of(name)}\n" for name in names))
    tokens.chmod(0o600)
    ports = free_ports(3)
    http = ports.pop()
    daemon = Daemon(
        binary_dir, [{"name": MODEL, "artifact": str(artifact), "cards": list(range(CARDS))}],
        cards=[{"driver": "emulated", "platform": "u55c", "index": i, "kv_bytes": "4MiB"} for i in range(CARDS)],
        cache_dir=folder / "cache", ports=ports, server={"http_listen": f"127.0.0.1:{http}"},
        extra={"limits": {"step_timeout_seconds": 5, "slow_reader_seconds": 3, "drain_seconds": 2},
               "access": {"tokens_file": str(tokens), "requests_per_minute": REQUESTS_PER_MINUTE}, "log": {"level": "warning"}},
    )
    return daemon, Target(*ports[:1], http, ports[1], MODEL, VOCABULARY, token_of("mallory0"))


def token_of(name):
    return f"{name}-0123456789abcdef"


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not after {seconds} s"
        time.sleep(0.05)


def ready_cards(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("streamtensor_card_state") and 'state="ready"' in name)


def pages_held(metrics):
    return sum(value for name, value in metrics.items() if name.startswith("streamtensor_kv_pages") and 'state="held"' in name)


def is_idle(metrics):
    busy = sum(value for name, value in metrics.items() if name.startswith(("streamtensor_running_requests", "streamtensor_waiting_requests")))
    return busy == 0 and pages_held(metrics) == 0 and ready_cards(metrics) == CARDS


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


class Operator:
    """What an operator and bad luck do: cards die, one at a time, and the configuration is reloaded, right or wrong."""

    def __init__(self, daemon, seed):
        self._daemon, self._rng = daemon, random.Random(f"{seed}/operator")
        self.counts = collections.Counter()

    def run(self, stop):
        while not stop.wait(self._rng.uniform(0.5, 2)):
            kind = self._rng.choice(["kill", "stop", "reload", "reload", "break"])
            if kind in ("kill", "stop"):
                self._hit(kind, stop)
            else:
                limits = {**self._daemon.configuration["limits"], "max_queue": self._rng.randint(200, 400)}
                if kind == "break":
                    limits["max_running"] = 0
                sections = dict(self._daemon.configuration)
                self._daemon.reload(wait=False, limits=limits)
                self._daemon.configuration = sections  # the next change begins from the good one
                self.counts[kind] += 1

    def _hit(self, kind, stop):
        # Not the last card: requests would rightly be refused. The death of an idle card is noticed with its next step;
        # until then it counts as ready.
        while any(map(is_zombie, self._daemon.children())) or ready_cards(self._daemon.metrics()) < CARDS:
            if stop.wait(0.05):
                return
        pid = self._rng.choice(sorted(self._daemon.children()))
        try:
            if kind == "kill":
                os.kill(pid, signal.SIGKILL)
            else:  # a card that hesitates
                os.kill(pid, signal.SIGSTOP)
                time.sleep(self._rng.uniform(0, 0.1))
                os.kill(pid, signal.SIGCONT)
            self.counts[kind] += 1
        except ProcessLookupError:
            pass


def attack_process(target, seed, attackers, pipe):
    """The attackers, in a process of their own and behind all others: it is the daemon that is measured."""
    os.nice(10)
    target.stop = threading.Event()
    counts, failures = collections.Counter(), []
    targets = [dataclasses.replace(target, token=token_of(f"mallory{i}")) for i in range(attackers)]
    threads = [threading.Thread(target=run_attacker, args=(each, f"{seed}/attacker/{i}", counts, failures)) for i, each in enumerate(targets)]
    for thread in threads:
        thread.start()
    pipe.recv()
    target.stop.set()
    for thread in threads:
        thread.join()
    pipe.send((dict(counts), failures))


class OperatorAlone:
    """The operator, for a while."""

    def __init__(self, daemon, seed):
        self.operator, self._stop, self._failures = Operator(daemon, seed), threading.Event(), []
        self._thread = threading.Thread(target=self._operate)
        self._thread.start()

    def _operate(self):
        try:
            self.operator.run(self._stop)
        except Exception as failure:
            self._failures.append(f"operator: {failure!r}")

    def end(self):
        self._stop.set()
        self._thread.join()
        assert not self._failures, self._failures


class Storm(OperatorAlone):
    """Attackers and the operator."""

    def __init__(self, daemon, target, seed):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        description = {name: value for name, value in vars(target).items() if name != "stop"}
        self._process = context.Process(target=_attack_main, args=(description, seed, ATTACKERS, theirs), daemon=True)
        self._process.start()
        super().__init__(daemon, seed)

    def end(self):
        """How often each attack came; raises what went wrong with an attack itself."""
        super().end()
        self._pipe.send("stop")
        assert self._pipe.poll(120), "the attackers do not end"
        counts, failures = self._pipe.recv()
        self._process.join()
        assert not failures, failures
        return counts


def _attack_main(description, seed, attackers, pipe):
    attack_process(Target(**description), seed, attackers, pipe)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rounds_of(seconds):
    """The seconds of each round."""
    count = -(-seconds // ROUND_SECONDS)
    return [seconds // count + (i < seconds % count) for i in range(count)]


def warm_up_seconds(seconds):
    """Of the first storm. The scattered heap grows for minutes before it stays; all of an hour is held to what it is then."""
    return min(120, max(60, seconds // 10))


def judge_resources(before, daemon, sanitized):
    def too_much():
        now = daemon.resources()
        wrong = [name for name in ("threads", "descriptors", "children") if getattr(now, name) > getattr(before, name)]
        if not sanitized and now.resident_bytes > (1 + MAX_GROWTH) * before.resident_bytes:
            wrong.append("resident_bytes")
        return wrong

    end = time.monotonic() + SETTLE_SECONDS
    while (wrong := too_much()) and time.monotonic() < end:
        time.sleep(0.2)
    assert not wrong, f"{', '.join(wrong)} did not come back: before {before}, now {daemon.resources()}"


def watch(daemon, seconds):
    """Lets the time pass; the daemon must live, and tells its memory every minute."""
    end, told = time.monotonic() + seconds, time.monotonic()
    while (now := time.monotonic()) < end:
        assert daemon.process.poll() is None, f"streamtensord ended:\n{daemon.log()[-5000:]}"
        if now - told >= 60:
            told = now
            print(f"{int(seconds - (end - now))} s: {daemon.resources()}", flush=True)
        time.sleep(0.2)


def run(options, folder):
    artifact = options.artifact or make_artifact(options.compiler or options.binary_dir / "streamtensorc", folder)
    daemon, target = start_daemon(options.binary_dir, artifact, folder)
    with daemon:
        daemon.wait_probe()
        wait_for(lambda: ready_cards(daemon.metrics()) == CARDS, "all cards ready")
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        clients = [("grpc", target.grpc_port, token_of(f"honest{i}")) if i % 2 == 0 else ("http", target.http_port, token_of(f"honest{i}"))
                   for i in range(HONEST)]
        clerk = context.Process(target=honest.run, args=(clients, make_questions(options.seed), options.seed, theirs),
                                daemon=True)
        clerk.start()
        assert pipe.poll(900 if options.sanitized else 120) and pipe.recv() == "begun", "the honest clients do not begin"

        # A first storm, so that pools, buffers and the heap have the size that storms give them.
        storm = Storm(daemon, target, f"{options.seed}/warm-up")
        watch(daemon, warm_up_seconds(options.seconds))
        storm.end()
        wait_for(lambda: ready_cards(daemon.metrics()) == CARDS, "all cards ready")

        calm, killed, stormy, before, counts, operator = [], [], [], None, collections.Counter(), collections.Counter()
        for number, seconds in enumerate(rounds_of(options.seconds)):
            began = time.monotonic()
            watch(daemon, CALM_SECONDS)
            calm.append((began, time.monotonic()))
            alone = OperatorAlone(daemon, f"{options.seed}/{number}/alone")
            watch(daemon, OPERATOR_SECONDS)
            alone.end()
            wait_for(lambda: ready_cards(daemon.metrics()) == CARDS, "all cards ready")
            killed.append((calm[-1][1], time.monotonic()))
            before = before or daemon.resources()
            storm = Storm(daemon, target, f"{options.seed}/{number}")
            watch(daemon, seconds)
            stormy.append((killed[-1][1], time.monotonic()))
            counts.update(storm.end())
            operator.update(storm.operator.counts)
            wait_for(lambda: ready_cards(daemon.metrics()) == CARDS, "all cards ready")
            judge_resources(before, daemon, options.sanitized)
            after = daemon.resources()
            growth = after.resident_bytes / before.resident_bytes - 1
            print(f"round {number}, {seconds} s, settled: memory {growth:+.1%}, before {before}, after {after}", flush=True)

        pipe.send("stop")
        assert pipe.poll(180), "the honest clients do not end"
        samples, failures = pipe.recv()
        clerk.join()
        wait_for(lambda: is_idle(daemon.metrics()), "idle cards, all ready, no page held", SETTLE_SECONDS)
        within = [[first for at, first in samples if any(begin <= at < end for begin, end in spans)] for spans in (calm, killed, stormy)]
        quiet, with_kills, loud = (percentile(values, 0.99) for values in within)
        print(f"attacks: {sum(counts.values())}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
        print("operator: " + ", ".join(f"{name} {count}" for name, count in sorted(operator.items())))
        print(f"honest replies: {len(within[0])} undisturbed, {len(within[1])} with cards killed, {len(within[2])} under attack, {len(failures)} failed")
        for name, values in zip(("undisturbed", "with cards killed", "under attack"), within):
            print(f"time to first token, {name}: p50 {percentile(values, 0.5) * 1e3:.1f} ms, p99 {percentile(values, 0.99) * 1e3:.1f} ms (measured)")
        assert not failures, f"{len(failures)} of {len(samples)} honest replies: {failures[0]}"
        assert min(len(values) for values in within) > 20, "too few honest replies to judge"
        assert operator["kill"] > 0 and operator["reload"] > 0 and sum(counts.values()) > options.seconds / 4, "that was no attack"
        if not options.sanitized:
            allowed = MAX_RATIO * max(quiet, with_kills)
            assert loud <= allowed, f"p99 of the first token: {loud:.3f} s under attack, {quiet:.3f} s undisturbed, {with_kills:.3f} s with cards killed"
        assert daemon.http("/healthz")[0] == daemon.http("/readyz")[0] == 200


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary_dir", type=pathlib.Path, help="the folder of streamtensord")
    parser.add_argument("--seconds", type=int, default=60, help="of attack (default 60)")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("STREAMTENSOR_ATTACK_SEED", "20261129")), help="(default 20261129)")
    parser.add_argument("--compiler", type=pathlib.Path, help="a streamtensorc of another folder")
    parser.add_argument("--artifact", type=pathlib.Path, help="that of make_tiny_llama.py, compiled before")
    parser.add_argument("--sanitized", action="store_true", help="a build with sanitizers, whose memory and times say nothing")
    options = parser.parse_args()
    print(f"STREAMTENSOR_ATTACK_SEED={options.seed}", flush=True)
    protos()
    with tempfile.TemporaryDirectory(prefix="streamtensor-attack-") as folder:
        run(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
