# SPDX-License-Identifier: Apache-2.0
"""It is the emitted text that computes: of 100 edits of its executed expressions, drawn by a seed, at least 95
change the logits of a few steps or fail a check (AddressSanitizer, deadlock, elements left in a FIFO, an error
in the status word, no end). Each that does neither stands in survivors.json with the reason why it is
equivalent.

Other draws: STREAMTENSOR_EDITS_SEED, STREAMTENSOR_EDITS_COUNT (more than the text has: all of them).
STREAMTENSOR_EDITS_REPORT=FILE lists every edit and how it ended."""
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))

from expressions import find_edits  # noqa: E402
from programs import BIN, ROOT, call, card_logits, make_llama, tokens_of  # noqa: E402

SEED = int(os.environ.get("STREAMTENSOR_EDITS_SEED", 20241))
COUNT = int(os.environ.get("STREAMTENSOR_EDITS_COUNT", 100))
REPORT = os.environ.get("STREAMTENSOR_EDITS_REPORT")
CXX = os.environ.get("STREAMTENSOR_TEST_CXX", "g++")
CPU_SECONDS = 10  # of a run that takes a fraction of one

# As the compiler's own for its objects, without optimisation: each access in the text is made, and checked.
# Variables that the text leaves uninitialised hold a pattern.
FLAGS = ["-std=c++14", "-O0", "-march=x86-64-v3", "-mno-fma", "-ffp-contract=off", "-fno-math-errno",
         "-fno-trapping-math", "-fno-exceptions", "-fno-rtti", "-fno-gnu-unique", "-fvisibility=hidden",
         "-fvisibility-inlines-hidden", "-fPIC", "-w", "-ftrivial-auto-var-init=pattern",
         f"-I{ROOT}/kernels", f"-I{ROOT}/kernels/host"]
SANITIZE = ["-fsanitize=address"]


def steps():
    """(sequence, how many tokens, how many of them want logits) by step: full steps, two sequences side by
    side, a page's end passed, one token alone, no logits wanted, the last two of three."""
    shapes = [[(0, 9, 9), (1, 7, 7)], [(0, 16, 1)], [(0, 16, 16)], [(1, 3, 1), (0, 1, 1)], [(0, 1, 1)],
              [(1, 5, 0)], [(1, 3, 2), (0, 2, 2)]]
    tokens = [tokens_of(64, 21), tokens_of(64, 22)]
    fed, pages = [0, 0], 0
    tables, result = [[], []], []
    for shape in shapes:
        step = {"tokens": [], "page_tables": []}
        for slot, (sequence, count, wanted) in enumerate(shape):
            start = fed[sequence]
            for i in range(count):
                step["tokens"].append({"token_id": tokens[sequence][start + i], "slot": slot, "position": start + i,
                                       "start": start, "wants_logits": i >= count - wanted})
            fed[sequence] += count
            while 32 * len(tables[sequence]) < fed[sequence]:
                tables[sequence].append(pages)
                pages += 1
            step["page_tables"].append(list(tables[sequence]))
        result.append(step)
    return {"pages": 16, "steps": result}


def plan_of(artifact, script):
    """What edit_runner needs: the launch interface of docs/architecture.md, section 3."""
    manifest = json.loads((artifact / "manifest.json").read_text())
    launch, listed = manifest["launch"], manifest["kernel"]["arguments"]
    by_role = {a["role"]: i for i, a in enumerate(listed)}
    arguments = []
    for argument in listed:
        role, size = argument["role"], int(argument["bytes"])
        if role in ("ROLE_K_WRITE", "ROLE_V_WRITE"):
            arguments.append({"same_as": by_role[role.replace("WRITE", "READ")]})
        elif role in ("ROLE_K_READ", "ROLE_V_READ"):
            arguments.append({"bytes": script["pages"] * int(manifest["decoder"]["kv"]["page_bytes"])})
        elif role in ("ROLE_WEIGHTS", "ROLE_CONSTANTS"):
            arguments.append({"bytes": size, "offset": int(argument.get("file_offset", 0))})
        else:
            arguments.append({"bytes": size})
    launches = []
    for step in script["steps"]:
        rows = sum(t["wants_logits"] for t in step["tokens"])
        words = [0x44535453, 1, len(step["tokens"]), rows, script["pages"], launch["max_pages"]] + [0] * 10
        for t in range(launch["step_tokens"]):
            token = step["tokens"][t] if t < len(step["tokens"]) else None
            words += [token["token_id"], token["slot"], token["position"], token["start"],
                      int(token["wants_logits"]), 0, 0, 0] if token else [0] * 8
        for slot in range(launch["step_tokens"]):
            table = step["page_tables"][slot] if slot < len(step["page_tables"]) else []
            words += table + [0] * (launch["max_pages"] - len(table))
        launches.append({"words": words, "rows": rows})
    return {"weights": str(artifact / "weights.bin"), "arguments": arguments, "descriptor": by_role["ROLE_DESCRIPTOR"],
            "status": by_role["ROLE_STATUS"], "logits": by_role["ROLE_LOGITS"],
            "width": manifest["decoder"]["vocabulary"], "steps": launches}


class Bench:
    """Builds texts and runs them, each in a folder of its own. The design's text alone is compiled anew."""

    def __init__(self, folder, artifact, plan):
        self.folder, self.hls = folder, artifact / "hls"
        self.plan = folder / "plan.json"
        self.plan.write_text(json.dumps(plan))
        self.cxx = [shutil.which("ccache"), CXX] if shutil.which("ccache") else [CXX]
        self.linker = ["-fuse-ld=lld"] if shutil.which("ld.lld") else []
        shutil.copy(self.hls / "design.h", folder)
        shutil.copy(self.hls / "launch.cpp", folder)
        self.compile(folder, "launch.cpp", "../launch.o", SANITIZE, folder)

    def compile(self, folder, source, output, flags, cwd=None):
        done = subprocess.run([*self.cxx, *FLAGS, *flags, "-c", source, "-o", output if cwd is None else output[3:]],
                              cwd=folder, capture_output=True, text=True, env=os.environ | {"CCACHE_NOHASHDIR": "1"})
        return done.returncode == 0, done.stderr

    def build(self, name, text, flags=SANITIZE):
        """The object's path, or None when the text does not compile."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(self.hls / "design.h", folder)
        (folder / "design.cpp").write_text(text)
        if not self.compile(folder, "design.cpp", "design.o", flags)[0]:
            return None
        subprocess.run([CXX, "-shared", *self.linker, *flags, "design.o", "../launch.o", "-o", "design.so"], cwd=folder, check=True)
        return folder / "design.so"

    def run(self, object_path):
        """(how it ended, what it said, logits)."""
        out = object_path.parent / "logits.bin"
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))  # noqa: E731
        done = subprocess.run([BIN / "edit_runner", object_path, self.plan, out], capture_output=True, text=True,
                              preexec_fn=limit, errors="replace")
        ended = {0: "completed", 3: "launch failed", 4: "status", 9: "AddressSanitizer", -24: "no end"}
        assert done.returncode in ended, (done.returncode, done.stderr)
        logits = np.fromfile(out, np.uint32) if done.returncode == 0 else None
        return ended[done.returncode], done.stderr, logits


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits")
    make_llama(folder / "tiny.gguf", "--seed", 5)
    call("streamtensorc", "compile", folder / "tiny.gguf", "-o", folder / "artifact", "--isa", "x86-64-v3")
    return Bench(folder, folder / "artifact", plan_of(folder / "artifact", steps()))


@pytest.fixture(scope="module")
def text(bench):
    return (bench.hls / "design.cpp").read_text()


@pytest.fixture(scope="module")
def unedited(bench, text):
    ended, said, logits = bench.run(bench.build("unedited", text))
    assert ended == "completed", said
    return logits


def executed_lines(bench, text):
    """Lines of the text that the steps pass, counted from 0."""
    ended, said, _ = bench.run(bench.build("counted", text, ["--coverage"]))
    assert ended == "completed", said
    gcov = subprocess.run(["gcov", "--json-format", "--stdout", "design.gcda"], cwd=bench.folder / "counted",
                          check=True, capture_output=True, text=True)
    files = json.loads(gcov.stdout)["files"]
    lines = next(f["lines"] for f in files if f["file"] == "design.cpp")
    return {line["line_number"] - 1 for line in lines if line["count"] > 0}


def drawn(edits, seed):
    """All edits in an order that the seed decides: arithmetic, index or bound, then a function, then its edit."""
    draw = random.Random(seed)
    left = collections.defaultdict(lambda: collections.defaultdict(list))
    for edit in edits:
        left[edit[0].group][edit[0].process].append(edit)
    while left:
        group = draw.choice(sorted(left))
        process = draw.choice(sorted(left[group]))
        candidates = left[group][process]
        yield candidates.pop(draw.randrange(len(candidates)))
        if not candidates:
            del left[group][process]
        if not left[group]:
            del left[group]


def outcome(bench, text, unedited, number, edit, line):
    lines = text.split("\n")
    lines[edit.line] = line
    built = bench.build(f"edit{number}", "\n".join(lines))
    if built is None:
        return "does not compile"
    ended, _, logits = bench.run(built)
    if ended == "completed":
        ended = "survived" if np.array_equal(logits, unedited) else "other logits"
    shutil.rmtree(built.parent)
    return ended


def reason_of(edit):
    """Why a survivor is equivalent; None when nobody has said so."""
    for entry in json.loads((HERE / "survivors.json").read_text()):
        if re.fullmatch(entry["before"], edit.before) and re.fullmatch(entry["after"], edit.after):
            return entry["reason"]
    return None


def test_the_runner_gives_the_cards_logits(bench, unedited):
    card = card_logits(bench.folder / "artifact", bench.folder, steps())
    assert np.array_equal(card.view(np.uint32).ravel(), unedited)


def test_edits_are_noticed(bench, text, unedited):
    edits = find_edits(text, executed_lines(bench, text))
    order = enumerate(drawn(edits, SEED))
    results = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        while len(results) < COUNT:
            batch = [(i, *edit) for i, edit in itertools.islice(order, COUNT - len(results))]
            if not batch:
                break
            ends = pool.map(lambda b: outcome(bench, text, unedited, *b), batch)
            results += [(edit, end) for (_, edit, _), end in zip(batch, ends) if end != "does not compile"]
    if REPORT:
        pathlib.Path(REPORT).write_text("".join(
            f"{end}\t{e.process}\t{e.kind}\t{e.before}\t{e.after}\n" for e, end in results))
    assert len(results) >= min(COUNT, 100), "the text has too few expressions"
    survivors = [edit for edit, end in results if end == "survived"]
    print(f"\nseed {SEED}: {len(results)} of {len(edits)} edits")
    for end, count in collections.Counter(end for _, end in results).most_common():
        print(f"  {count:4} {end}")
    for edit in survivors:
        print(f"survived, {edit.process}: {edit.before}  =>  {edit.after}\n  because {reason_of(edit)}")
    assert len(results) - len(survivors) >= 0.95 * len(results)
    assert not [edit for edit in survivors if reason_of(edit) is None], "a survivor without a reason in survivors.json"
