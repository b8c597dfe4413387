# SPDX-License-Identifier: Apache-2.0
"""Holds the emitted text of an artifact to the HLS contract, with the bounds that its manifest declares."""
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINT = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin")) / "st_hls_lint"
PAGE = 32


def findings(source, *options):
    """What the lint says of a text: (rule, line) each."""
    done = subprocess.run([str(LINT), *map(str, options), str(source)], capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), f"{source}: {done.stderr}"
    found = [(re.search(r"\[([a-z-]+)\]", line).group(1), line) for line in done.stdout.splitlines()]
    assert bool(found) == (done.returncode == 1), done.stdout
    return found


def bounds(artifact):
    artifact = pathlib.Path(artifact)
    manifest = artifact / "manifest.json"
    text = (manifest if manifest.exists() else artifact / "hls/user_metadata.json").read_text()
    launch = json.loads(text)["launch"]
    return ["--tokens", launch["step_tokens"], "--logits", launch.get("step_logits", 0),
            "--context", launch.get("max_pages", 0) * PAGE]


def check_artifact(artifact):
    found = findings(pathlib.Path(artifact) / "hls/design.cpp", *bounds(artifact))
    assert not found, "\n".join(line for _, line in found)
