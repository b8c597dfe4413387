# SPDX-License-Identifier: Apache-2.0
"""Every platform: a small model compiled for it, its memory as the card model says it, and the reference's bits on the
emulated card. A platform is one YAML file: a folder with another one is all that it takes."""
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from programs import (BIN, ROOT, call, card_logits, chunked, jit_logits, make_llama, make_tiny_mlp, same_bits,
                      tokens_of)

sys.path.insert(0, str(ROOT / "tests/integration"))
from banks import connectivity, ranges  # noqa: E402
from daemon import Daemon  # noqa: E402

SHIPPED = sorted(path.stem for path in (ROOT / "configs/platforms").glob("*.yaml"))
# What the card models say, written out: banks, bytes of each, its name in an xclbin and for v++, Vitis' platform, MHz.
CARDS = {
    "u200": (4, 16 << 30, "bank{}", "DDR[{}]", "xilinx_u200_gen3x16_xdma_2_202110_1", 250),
    "u250": (4, 16 << 30, "bank{}", "DDR[{}]", "xilinx_u250_gen3x16_xdma_4_1_202210_1", 250),
    "u280": (32, 256 << 20, "HBM[{}]", "HBM[{}]", "xilinx_u280_gen3x16_xdma_1_202211_1", 250),
    "u55c": (32, 512 << 20, "HBM[{}]", "HBM[{}]", "xilinx_u55c_gen3x16_xdma_3_202210_1", 250),
    "v80": (64, 512 << 20, "HBM[{}]", "HBM[{}]", None, 300),
}
# A card that nothing knows: three small banks with names of their own, and no target hw.
GARAGE = """
name: garage
title: A card from the garage
part: xc-garage
clock: {frequency_hz: 100.0e+6}
memory:
  kind: DDR4
  connectivity_name: "SHED[{bank}]"
  topology_name: "shed{bank}"
  banks: 3
  bytes_per_bank: BYTES
  bytes_per_second_per_bank: 10.0e+9
  burst_efficiency: 0.9
  refresh_interval_seconds: 7.8e-6
  refresh_seconds: 350.0e-9
  read_latency_seconds: 300.0e-9
  slrs: [0]
engine: {weight_channels: 3, unroll: 2}
logic:
  slrs: [{lut: 400000, ff: 800000, bram36: 900, uram: 0, dsp: 2800}]
  limits: {lut: 0.7, ff: 0.5, bram36: 0.8, uram: 0.8, dsp: 0.8}
host: {launch_seconds: 12.0e-6}
power: {static_watts: 20, dynamic_joules_per_byte: 400.0e-12}
sources: {clock: x, memory: x, engine: x, logic: x, host: x, power: x}
"""


def help_text():
    done = subprocess.run([BIN / "streamtensorc", "compile", "--help"], check=True, capture_output=True, text=True)
    return " ".join(done.stdout.split()) + " "


def banks_of(artifact):
    """Each argument's bank, by name, and the banks of the xclbin: (name, kind, bytes, address, used)."""
    manifest = json.loads((artifact / "manifest.json").read_text())
    banks = {argument["name"]: argument.get("bank", 0) for argument in manifest["kernel"]["arguments"]}
    lines = call("xclbin_memories", artifact / "design.xclbin").splitlines()
    return banks, [(name, kind, int(size), int(address), used == "1")
                   for name, kind, size, address, used in (line.split() for line in lines)]


def check_memory(artifact, count, size, name, kind):
    banks, memories = banks_of(artifact)
    widths = ranges(json.loads((artifact / "manifest.json").read_text()), count, size)
    assert memories == [(name.format(i), kind, widths[i] * size, i * size, i in banks.values()) for i in range(count)]
    assert max(banks.values()) < count
    return banks


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return make_llama(tmp_path_factory.mktemp("platforms") / "tiny.gguf", "--seed", 7)


def test_there_are_no_others():
    assert SHIPPED == sorted(CARDS)
    assert f"found: {', '.join(SHIPPED)} " in help_text()


@pytest.fixture(scope="module")
def decoder(model):
    """The decoder compiled for a platform, once."""
    def compiled(platform):
        artifact = model.parent / platform
        if not artifact.exists():
            call("streamtensorc", "compile", model, "-o", artifact, "--platform", platform, "--isa", "x86-64-v3")
        return artifact

    return compiled


@pytest.mark.parametrize("platform", SHIPPED)
def test_a_small_decoder(platform, model, decoder, tmp_path):
    count, size, topology, connectivity, _, _ = CARDS[platform]
    artifact = decoder(platform)
    banks = check_memory(artifact, count, size, topology, "ddr4" if connectivity.startswith("DDR") else "hbm")
    weights = [bank for name, bank in banks.items() if name.startswith("weights")]
    assert weights == [0, 1, 2, 3], "a channel of weights has a bank"
    assert banks["k_read"] == banks["k_write"] and banks["v_read"] == banks["v_write"]
    assert banks["k_read"] != banks["v_read"]
    if count > 8:  # no other memory lies where the pools do, and they have most of the banks
        widths = ranges(json.loads((artifact / "manifest.json").read_text()), count, size)
        pools = {bank + i for bank in (banks["k_read"], banks["v_read"]) for i in range(widths[bank])}
        assert {bank for name, bank in banks.items() if bank in pools} == {banks["k_read"], banks["v_read"]}
        assert len(pools) > 0.75 * (count - 4)
    script, _ = chunked([tokens_of(40, 3), tokens_of(9, 4)], [7, 2])
    assert same_bits(card_logits(artifact, tmp_path, script), jit_logits(model, tmp_path, script))


def test_pages_beyond_4_gib(model, decoder, tmp_path):
    """A pool has more than a bank of 512 MiB, and its last pages offsets that 32 bits don't hold."""
    artifact = decoder("u55c")
    page_bytes = int(json.loads((artifact / "manifest.json").read_text())["decoder"]["kv"]["page_bytes"])
    far = (5 << 30) // page_bytes
    script, _ = chunked([tokens_of(40, 3), tokens_of(9, 4)], [7, 2])
    near = jit_logits(model, tmp_path, script)
    script["pages"] += far
    for step in script["steps"]:
        step["page_tables"] = [[page + far for page in table] for table in step["page_tables"]]
    assert same_bits(card_logits(artifact, tmp_path, script), near)


@pytest.mark.parametrize("platform", SHIPPED)
def test_what_vitis_is_told(platform, model, tmp_path):
    count, size, _, name, vitis, clock_mhz = CARDS[platform]
    artifact = tmp_path / "artifact"
    compile_hw = ["streamtensorc", "compile", model, "-o", artifact, "--platform", platform, "--target", "hw"]
    if vitis is None:
        done = subprocess.run([BIN / compile_hw[0], *map(str, compile_hw[1:])], capture_output=True, text=True)
        assert done.returncode == 1 and f"platform {platform} has no target hw" in done.stderr
        assert not artifact.exists()
        return
    done = subprocess.run([BIN / compile_hw[0], *map(str, compile_hw[1:])], capture_output=True, text=True,
                          env={**os.environ, "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    manifest = json.loads((artifact / "hls/user_metadata.json").read_text())
    assert (artifact / "hls/connectivity.cfg").read_text() == (
        f"platform={vitis}\nkernel_frequency={clock_mhz}\n\n[connectivity]\nnk=streamtensor_step:1:streamtensor_step_1\n"
        + "".join(line + "\n" for line in connectivity(manifest, count, size, name)))
    makefile = (artifact / "hls/Makefile").read_text()
    assert f"PLATFORM ?= {vitis}\n" in makefile and f"CLOCK_MHZ ?= {clock_mhz}\n" in makefile
    assert f"xc{platform}-" in (artifact / "hls/process.tcl").read_text()
    call("make_hardware_xclbin", artifact / "hls/user_metadata.json", tmp_path / "x.xclbin")
    call("streamtensorc", "package", artifact, "--xclbin", tmp_path / "x.xclbin")


def mlp_bits(artifact, module, folder):
    np.save(folder / "x.npy", np.random.default_rng(4).standard_normal((16, 64)).astype(np.float32))
    call("streamtensorc", "run", artifact, "--input", folder / "x.npy", "--output", folder / "y.npy")
    call("streamtensor-reference", module, "--quantise", "w8a8", "--input", f"input0={folder}/x.npy", "--output",
         folder / "jit")
    return same_bits(np.load(folder / "y.npy"), np.load(folder / "jit.0.npy"))


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "mlp.mlir"
    path.write_text(make_tiny_mlp.module_text(make_tiny_mlp.weights()))
    return path


def test_more_than_32_weight_channels(module, tmp_path):
    artifact = tmp_path / "artifact"
    call("streamtensorc", "compile", module, "-o", artifact, "--platform", "v80", "--weight-channels", 40, "--isa",
         "x86-64-v3", "--quantise", "w8a8")
    banks = check_memory(artifact, 64, 512 << 20, "HBM[{}]", "hbm")
    assert [banks[f"weights_{i}"] for i in range(40)] == list(range(40))
    assert mlp_bits(artifact, module, tmp_path)
    done = subprocess.run([BIN / "streamtensorc", "compile", module, "-o", tmp_path / "o", "--platform", "u250",
                           "--weight-channels", "5"], capture_output=True, text=True)
    assert done.returncode == 1 and "weight channels must be 1..4 on u250, got 5" in done.stderr


def test_a_platform_is_one_file(model, tmp_path, monkeypatch):
    before = call("streamtensorc", "--version")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards/garage.yaml").write_text(GARAGE.replace("BYTES", str(64 << 20)))
    monkeypatch.setenv("STREAMTENSOR_PLATFORM_DIR", str(tmp_path / "cards"))
    assert "found: garage, u200, u250" in help_text()
    assert call("streamtensorc", "--version") != before, "the daemon would serve what was compiled for another card"
    inspected = json.loads(call("streamtensorc", "inspect", tmp_path / "cards/garage.yaml", "--json"))
    assert inspected["memory"]["banks"] == 3 and inspected["derived"]["peak_bytes_per_second"] == 30e9

    artifact = tmp_path / "artifact"
    call("streamtensorc", "compile", model, "-o", artifact, "--platform", "garage", "--isa", "x86-64-v3")
    check_memory(artifact, 3, 64 << 20, "shed{}", "ddr4")
    assert ":SHED[2]\n" in (artifact / "hls/connectivity.cfg").read_text()
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert manifest["timing"]["clock_hz"] == 100e6 and manifest["timing"]["memory_bytes_per_second"] == 30e9
    assert "A card from the garage" in (artifact / "reports/summary.txt").read_text()
    script, _ = chunked([tokens_of(12, 3)], [5])
    assert same_bits(card_logits(artifact, tmp_path, script), jit_logits(model, tmp_path, script))

    # The daemon has never heard of that card.
    cards = [{"driver": "emulated", "platform": "garage", "index": 0, "kv_bytes": "1MiB"}]
    with Daemon(BIN, [{"name": "tiny", "artifact": artifact}], cards) as daemon:
        daemon.wait_ready("tiny")
        assert daemon.ctl("generate", "--model", "tiny", "--prompt", "hello", "--max-tokens", "4").returncode == 0


def test_a_bank_holds_as_much_as_its_card_model_says(module, tmp_path, monkeypatch):
    (tmp_path / "garage.yaml").write_text(GARAGE.replace("BYTES", "4096"))
    monkeypatch.setenv("STREAMTENSOR_PLATFORM_DIR", str(tmp_path))
    done = subprocess.run([BIN / "streamtensorc", "compile", module, "-o", tmp_path / "o", "--platform", "garage"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search(r"does not fit: it takes 24576 bytes, 6 memory banks of garage, of which \d are left", done.stderr), done.stderr


def test_memories_reach_over_banks_that_are_too_small_for_them(model, tmp_path, monkeypatch):
    """The embedding, the logits and one sequence's pages are larger than a bank, and the weights need many."""
    banks, size = 64, 16384
    (tmp_path / "garage.yaml").write_text(
        GARAGE.replace("banks: 3", f"banks: {banks}").replace("BYTES", str(size)))
    monkeypatch.setenv("STREAMTENSOR_PLATFORM_DIR", str(tmp_path))
    artifact = tmp_path / "artifact"
    call("streamtensorc", "compile", model, "-o", artifact, "--platform", "garage", "--isa", "x86-64-v3")
    manifest = json.loads((artifact / "manifest.json").read_text())
    places = check_memory(artifact, banks, size, "shed{}", "ddr4")
    channels = [bank for name, bank in places.items() if name.startswith("weights")]
    assert channels == list(range(len(channels))) and len(channels) > 2
    wide = [argument for argument in manifest["kernel"]["arguments"]
            if argument["role"] in ("ROLE_CONSTANTS", "ROLE_LOGITS") and int(argument["bytes"]) > size]
    assert {argument["role"] for argument in wide} == {"ROLE_CONSTANTS", "ROLE_LOGITS"}
    widths = ranges(manifest, banks, size)
    assert all(widths[argument["bank"]] * size >= int(argument["bytes"]) for argument in wide)
    script, _ = chunked([tokens_of(40, 3), tokens_of(9, 4)], [7, 2])
    assert same_bits(card_logits(artifact, tmp_path, script), jit_logits(model, tmp_path, script))
