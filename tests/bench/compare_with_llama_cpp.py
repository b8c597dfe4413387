#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the emulated card and a natively built llama.cpp on the same model file, one thread each, in turn.

  tests/bench/compare_with_llama_cpp.py [--binary-dir build/bin] [--rounds 5] [--json FILE]

Wall time and CPU time are both measured. On a machine with other work on it look at CPU time: it leaves out the
time for which the thread was not running. The ratio is llama.cpp's least time by ours; medians stand beside.
"""

import argparse
import ctypes
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "peers"))

import llama_cpp_peer  # noqa: E402

STREAMS = 8
PREFILL = 256
CASES = {  # name: (command of card_bench, tokens a timed piece, the aim of issue 4)
    "decode, 1 stream": (("decode", 1, 64, 16), 1),
    "decode, 1 stream, 512 before": (("decode", 1, 512, 8), 1),
    f"decode, {STREAMS} streams": (("decode", STREAMS, 64, 6), STREAMS),
    f"prefill, {PREFILL} tokens": (("prefill", PREFILL), PREFILL),
}
CONTEXT = 768
LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


class OurCard:
    def __init__(self, binaries, artifact):
        self.process = subprocess.Popen(
            [binaries / "card_bench", artifact], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"card_bench ended with {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class LlamaCpp:
    """The same pieces of work, by the same commands."""

    def __init__(self, library, model):
        log = []
        self.log = LOG_CALLBACK(lambda level, text, data: log.append(text.decode(errors="replace")))
        ctypes.CDLL(library).llama_log_set(self.log, None)
        self.peer = llama_cpp_peer.Peer(model, CONTEXT, 1, STREAMS, library)
        self.peer.library.llama_print_system_info.restype = ctypes.c_char_p
        # llama.cpp's own report of its build features and weight buffers: CPU_REPACK or AMX holds weights repacked at
        # loading, the others hold weights as stored in the file.
        self.build = {
            "cpu": self.peer.library.llama_print_system_info().decode().strip(),
            "weights": [" ".join(line.split(":", 1)[1].split()) for line in "".join(log).splitlines()
                        if "model buffer size" in line],
        }

    def ask(self, command, *numbers):
        self.peer.clear()
        if command == "prefill":
            (tokens,) = numbers
            work = [self.timed([(0, p) for p in range(tokens)], {tokens - 1})]
        else:
            streams, context, steps = numbers
            for stream in range(streams):
                self.timed([(stream, p) for p in range(context)], set())
            every = set(range(streams))
            work = [self.timed([(s, p) for s in every], every) for p in range(context, context + steps)]
        return {"seconds": [wall for wall, _ in work], "cpu_seconds": [cpu for _, cpu in work]}

    def timed(self, tokens, wants_logits):
        """Decodes (sequence, position) pairs in one batch; until the logits are there."""
        library = self.peer.library
        batch = library.llama_batch_init(len(tokens), 0, 1)
        batch.n_tokens = len(tokens)
        for i, (sequence, position) in enumerate(tokens):
            batch.token[i] = position * 7919 % self.peer.vocabulary
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = i in wants_logits
        wall, cpu = time.perf_counter(), time.process_time()
        code = library.llama_decode(self.peer.context, batch)
        for i in wants_logits:
            library.llama_get_logits_ith(self.peer.context, i)
        times = time.perf_counter() - wall, time.process_time() - cpu
        library.llama_batch_free(batch)
        if code != 0:
            raise SystemExit(f"llama_decode: {code}")
        return times


def weight_bytes(artifact):
    """What a step reads of weights, whatever it carries."""
    manifest = json.loads((pathlib.Path(artifact) / "manifest.json").read_text())
    return sum(int(a["bytes"]) for a in manifest["kernel"]["arguments"] if a.get("role") == "ROLE_WEIGHTS")


def compile_model(binaries, model, folder):
    artifact = pathlib.Path(folder) / "artifact"
    print("compiling the model", file=sys.stderr)
    subprocess.run([binaries / "streamtensorc", "compile", model, "-o", artifact, "--max-context", "2048"],
                   check=True, stdout=subprocess.DEVNULL)
    return artifact


def measure(ours, theirs, read_bytes, rounds):
    """{case: {"ours" or "theirs": {"seconds": [...], "cpu_seconds": [...], "processes": {name: ns}}}}"""
    results = {name: {"ours": {}, "theirs": {}} for name in CASES}
    results["read"] = {"ours": {}}
    for turn in range(rounds + 1):  # the first warms up
        for name, (command, _) in CASES.items():
            for side, peer in (("ours", ours), ("theirs", theirs)):
                answer = peer.ask(*command)
                if turn > 0:
                    collect(results[name][side], answer)
        for _ in range(5):
            answer = ours.ask("read", read_bytes)
            if turn > 0:
                collect(results["read"]["ours"], answer)
        print(f"round {turn} of {rounds}", file=sys.stderr)
    return results


def collect(into, answer):
    for key in ("seconds", "cpu_seconds"):
        into.setdefault(key, []).extend(answer[key])
    for name, nanoseconds in answer.get("processes", []):
        processes = into.setdefault("processes", {})
        processes[name] = processes.get(name, 0) + nanoseconds


def report(results, read_bytes):
    for key, title in (("cpu_seconds", "CPU time"), ("seconds", "wall time")):
        print(f"\n{title}, ms a token (measured)".ljust(44) + "ours min  median   llama.cpp min  median    ratio")
        for name, (_, tokens) in CASES.items():
            times = {side: [1e3 * s / tokens for s in results[name][side][key]] for side in ("ours", "theirs")}
            ours, theirs = times["ours"], times["theirs"]
            print(f"  {name:40} {min(ours):9.2f} {statistics.median(ours):7.2f} {min(theirs):15.2f}"
                  f" {statistics.median(theirs):7.2f} {min(theirs) / min(ours):7.2f}x")
    (command, _) = CASES["decode, 1 stream"]
    step = min(results["decode, 1 stream"]["ours"]["cpu_seconds"])
    read = min(results["read"]["ours"]["cpu_seconds"])
    print(f"\nThe memory limit: reading a step's {read_bytes / 1e6:.1f} MB of weights alone takes {1e3 * read:.2f} ms"
          f" ({read_bytes / read / 1e9:.1f} GB/s); a step of one token takes {step / read:.2f} times that.")
    shares = {}
    for name in CASES:
        times = results[name]["ours"]["processes"]
        shares[name] = {process: ns / sum(times.values()) for process, ns in times.items()}
    processes = sorted({p for s in shares.values() for p in s}, key=lambda p: -sum(s.get(p, 0) for s in shares.values()))
    print("\nWhere the card's time goes, % by process (measured)")
    print("  " + "".ljust(24) + "".join(f"{name.replace(' streams', '').replace(' tokens', ''):>30}" for name in CASES))
    rest = dict.fromkeys(CASES, 0.0)
    for process in processes:
        row = [shares[name].get(process, 0) for name in CASES]
        if max(row) < 0.01:
            for name, share in zip(CASES, row):
                rest[name] += share
            continue
        print(f"  {process:24}" + "".join(f"{100 * share:30.1f}" for share in row))
    print(f"  {'all others':24}" + "".join(f"{100 * rest[name]:30.1f}" for name in CASES))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary-dir", type=pathlib.Path, default=ROOT / "build" / "bin")
    parser.add_argument("--artifact", help="compiled from the same model (default: compiles it)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path, help="writes every single time")
    arguments = parser.parse_args()
    model = subprocess.check_output([ROOT / "scripts" / "fetch-model"], text=True).strip()
    library = subprocess.check_output([ROOT / "tests" / "bench" / "build-llama-cpp"], text=True).strip()
    binaries = arguments.binary_dir.resolve()
    with tempfile.TemporaryDirectory(prefix="streamtensor-bench-") as folder:
        artifact = arguments.artifact or compile_model(binaries, model, folder)
        theirs = LlamaCpp(library, model)
        ours = OurCard(binaries, artifact)
        read_bytes = weight_bytes(artifact)
        results = measure(ours, theirs, read_bytes, arguments.rounds)
        ours.close()
    print(f"\nllama.cpp with its defaults: {theirs.build['cpu']}\n  weights: {'; '.join(theirs.build['weights'])}")
    report(results, read_bytes)
    if arguments.json:
        arguments.json.write_text(json.dumps({"llama.cpp": theirs.build, **results}) + "\n")


if __name__ == "__main__":
    main()
