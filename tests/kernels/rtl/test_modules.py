# SPDX-License-Identifier: Apache-2.0
"""The modules of kernels/rtl against their templates, in every cycle: random words and all ends of their counters."""
import json
import shutil
import subprocess

import evidence
import pytest
import tools

# What a bench must notice, each in the module of that name: the text, and what replaces it.
MUTANTS = {
    "words are free too early": ("mac_slice_1", "st_mac_slice.sv", "COLUMNS + QUADS - 3", "COLUMNS + QUADS - 4"),
    "words are free too late": ("mac_slice_1", "st_mac_slice.sv", "COLUMNS + QUADS - 3", "COLUMNS + QUADS - 2"),
    "the lower row borrows": ("mac_slice_1", "st_mac_array.sv", "48'd1 << (FIELD - 1)", "48'd0"),
    "one credit too many": ("mac_slice_1", "st_mac_slice.sv", "SLICE_OUTPUT_BEATS / QUADS;", "SLICE_OUTPUT_BEATS / QUADS + 1;"),
    "sums are read too late": ("scale_stage_1", "st_scale_stage.sv", "so_far = kept[at3]", "so_far = kept[at5]"),
    "the high plane has an offset": ("scale_stage_1", "st_scale_stage.sv", "high2 ? NOTHING : PRODUCT", "PRODUCT"),
    "an element less": ("stream_fifo_2", "st_stream_fifo.sv", "held != COUNT'(DEPTH)", "held < COUNT'(DEPTH - 1)"),
    "a stage that doesn't fill": ("stream_fifo_2", "st_stream_fifo.sv", "!second_valid || read", "!second_valid"),
}


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verilated")
    tools.build_runtime(folder)
    return folder


@pytest.mark.parametrize("name", evidence.BENCHES)
def test_equal(name, runtime, tmp_path):
    program = evidence.build(name, runtime, tmp_path / "build")
    for seed in (evidence.SEED, 2):
        found = evidence.run_bench(program, seed)
        assert found["words"] >= 10000 and found["differences"] == 0 and found["missed"] == 0, found
        row = evidence.cycles_row(found)
        assert seed != evidence.SEED or evidence.is_on_the_page(row), f"{row}\nrun scripts/make-evidence cycles"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name, runtime, tmp_path):
    bench, file, text, other = MUTANTS[name]
    rtl = tmp_path / "rtl"
    shutil.copytree(tools.RTL, rtl)
    before = (rtl / file).read_text()
    assert before.count(text) == 1, f"{file} no longer has {text!r}"
    (rtl / file).write_text(before.replace(text, other))
    done = subprocess.run([evidence.build(bench, runtime, tmp_path / "build", rtl), "1"], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 1 and json.loads(done.stdout.splitlines()[-1])["differences"] > 0, done.stdout + done.stderr


@pytest.mark.parametrize("top", ["st_mac_slice", "st_scale_stage", "st_stream_fifo"])
def test_verilator_has_no_complaint(top):
    tools.verilate(["--lint-only", "-Wall", *(f"-Wno-{name}" for name in (
        "DECLFILENAME", "MULTITOP", "PINCONNECTEMPTY", "UNUSEDPARAM", "UNUSEDSIGNAL")), "--top-module", top])


def test_the_contract_is_current(tmp_path):
    tools.run([tools.ROOT / "scripts/make-rtl-contract", tmp_path / "package.sv"])
    assert (tmp_path / "package.sv").read_text() == (tools.RTL / "st_contract.sv").read_text(), (
        "run scripts/make-rtl-contract and commit kernels/rtl/st_contract.sv")
