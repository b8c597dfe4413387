# SPDX-License-Identifier: Apache-2.0
"""`cmake --install` into a prefix: its programs find their parts there, not in the source or build tree."""

import os
import subprocess
import sys

import numpy as np

from conftest import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests/integration"))
sys.path.insert(0, str(ROOT / "tests/models"))
import make_tiny_mlp  # noqa: E402
from daemon import Daemon  # noqa: E402
from dummy_artifact import write_artifact  # noqa: E402


def run(prefix, program, *arguments):
    environment = {"PATH": os.environ["PATH"], "HOME": str(prefix)}
    done = subprocess.run([prefix / "bin" / program, *map(str, arguments)], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, f"{program} {arguments}: {done.stderr}"
    return done.stdout


def test_every_program_is_there(prefix):
    for program in ("streamtensord", "streamtensorc", "streamtensorctl"):
        assert run(prefix, program, "--version").startswith(program)
    assert (prefix / "bin/streamtensor-card").exists()


def test_manual_pages_and_completion(prefix):
    for program in ("streamtensord", "streamtensorc", "streamtensorctl", "streamtensor-card"):
        page = (prefix / f"share/man/man1/{program}.1").read_text()
        assert page.startswith(f".TH {program.upper()} 1 ") and ".SH SYNOPSIS" in page and "man-page" not in page
    assert ".SH GENERATE" in (prefix / "share/man/man1/streamtensorctl.1").read_text()

    def complete(*words):
        script = prefix / "share/bash-completion/completions/streamtensorctl"
        line = f"source {script}; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _streamtensorctl; echo ${{COMPREPLY[*]}}"
        return subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True, timeout=60).stdout.split()

    assert complete("streamtensorctl", "gen") == ["generate"]
    assert complete("streamtensorctl", "generate", "--max") == ["--max-tokens"]
    assert complete("streamtensorctl", "generate", "--model", "x", "--serv") == ["--server"]
    assert "--max-tokens" not in complete("streamtensorctl", "cards", "--")


def test_a_module_is_compiled_and_run_by_what_lies_in_the_prefix(prefix, tmp_path):
    # A card model that only this prefix knows, and kernel texts that differ by a comment.
    platforms = prefix / "share/streamtensor/platforms"
    (platforms / "of_the_prefix.yaml").write_text((platforms / "u55c.yaml").read_text().replace("name: u55c", "name: of_the_prefix"))
    versions = {run(prefix, "streamtensorc", "--version")}
    for header in ("contract/tiles.h", "host/launch.h", "st/engine.h"):
        kernel = prefix / "share/streamtensor/kernels" / header
        kernel.write_text(kernel.read_text() + "// Of the prefix.\n")
        version = run(prefix, "streamtensorc", "--version")
        assert version not in versions, f"{header} is read from elsewhere, or does not count"
        versions.add(version)

    weights = make_tiny_mlp.weights()
    (tmp_path / "mlp.mlir").write_text(make_tiny_mlp.module_text(weights))
    artifact = tmp_path / "artifact"
    run(prefix, "streamtensorc", "compile", tmp_path / "mlp.mlir", "-o", artifact, "--platform", "of_the_prefix",
        "--quantise", "w8a8")
    x = np.random.default_rng(4).standard_normal((3, 64)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    # The card's module and program, too: without them it does not run.
    card = prefix / "bin/streamtensor-card"
    arguments = ["run", artifact, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy"]
    run(prefix, "streamtensorc", *arguments)
    expected = make_tiny_mlp.forward(weights, x)
    assert np.abs(np.load(tmp_path / "y.npy") - expected).max() <= 0.05 * np.abs(expected).max()
    for part in (card, prefix / "lib/streamtensor/card_emulated.so"):
        part.rename(f"{part}.away")
        done = subprocess.run([prefix / "bin/streamtensorc", *map(str, arguments)], capture_output=True, text=True, timeout=300)
        assert done.returncode == 1 and str(prefix) in done.stderr and part.name in done.stderr, done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        part.with_name(part.name + ".away").rename(part)


def test_the_daemon_serves_from_the_prefix(prefix, tmp_path):
    artifact = write_artifact(tmp_path / "artifact")
    with Daemon(prefix / "bin", [{"name": "tiny", "artifact": artifact}], [{"driver": "dummy"}]) as daemon:
        daemon.wait_ready("tiny")
        assert daemon.ctl("generate", "--model", "tiny", "--prompt", "hello", "--max-tokens", "4").returncode == 0
        doctor = daemon.ctl("doctor")
        for program in ("streamtensord", "streamtensorc", "streamtensor-card"):
            assert f"ok    program: {program}" in doctor.stdout, doctor.stdout


def test_an_operators_configuration_is_kept(prefix):
    configuration = prefix / "etc/streamtensor/streamtensord.yaml"
    assert configuration.read_text() == (ROOT / "configs/streamtensord.yaml").read_text()
    configuration.write_text("mine: 1\n")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True, timeout=120)
    assert configuration.read_text() == "mine: 1\n"
    for name in ("prometheus/streamtensor.alerts.yml", "grafana/streamtensor.json", "streamtensord.yaml",
                 "proto/streamtensor/v1/inference.proto"):
        assert (prefix / "share/streamtensor" / name).exists(), name
