# SPDX-License-Identifier: Apache-2.0
"""Holds the emitted text of an artifact to the HLS contract, with the bounds that its manifest declares, and compiles it
against AMD's own ap_int.h."""
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin")) / "st_hls_lint"
PAGE = 32
CLANG = "clang++-19"


def findings(source, *options):
    """What the lint says of a text: (rule, line) each."""
    done = subprocess.run([str(LINT), *map(str, options), str(source)], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), f"{source}: {done.stderr}"
    found = [(re.search(r"\[([a-z-]+)\]", line).group(1), line) for line in done.stdout.splitlines()]
    assert bool(found) == (done.returncode == 1), done.stdout
    return found


def memory_ports(platform):
    """AXI masters that the card takes: one for each memory bank, and at least the 32 that a kernel may have."""
    card = ROOT / f"configs/platforms/{platform}.yaml"
    banks = yaml.safe_load(card.read_text())["memory"]["banks"] if card.exists() else 0
    return max(32, banks)


def bounds(artifact):
    artifact = pathlib.Path(artifact)
    manifest = artifact / "manifest.json"
    text = (manifest if manifest.exists() else artifact / "hls/user_metadata.json").read_text()
    manifest = json.loads(text)
    launch = manifest["launch"]
    return ["--tokens", launch["step_tokens"], "--logits", launch.get("step_logits", 0),
            "--context", launch.get("max_pages", 0) * PAGE,
            "--memory-ports", memory_ports(manifest["platform"])]


def compile_against_amd(source, folder):
    """Checks the types of `source` with the ap_int.h that AMD has published in hls4ml, and our stand-ins for the rest.
    `folder` is for a list of AMD's headers: those for streams there are of 2018, without depths."""
    amd = pathlib.Path(importlib.util.find_spec("hls4ml").submodule_search_locations[0]) / "templates/vivado/ap_types"
    headers = pathlib.Path(folder) / "amd"
    if not headers.exists():
        headers.mkdir()
        for header in amd.iterdir():
            if not header.name.startswith("hls_"):
                (headers / header.name).symlink_to(header)
    done = subprocess.run([CLANG, "-std=c++14", "-fsyntax-only", "-Wno-unknown-pragmas", "-isystem", str(headers),
                           "-idirafter", str(ROOT / "tests/hls_lint/include"), f"-I{ROOT / 'kernels'}", str(source)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def type_check(design):
    """Of the text as Vitis sees it. AMD's open ap_int.h refuses __SYNTHESIS__, so it comes first."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "synthesis.cpp"
        source.write_text(f'#include <ap_int.h>\n#define __SYNTHESIS__\n#include "{pathlib.Path(design).resolve()}"\n')
        compile_against_amd(source, folder)


def check_artifact(artifact):
    type_check(pathlib.Path(artifact) / "hls/design.cpp")
    found = findings(pathlib.Path(artifact) / "hls/design.cpp", *bounds(artifact))
    assert not found, "\n".join(line for _, line in found)
