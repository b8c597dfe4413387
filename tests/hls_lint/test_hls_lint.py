# SPDX-License-Identifier: Apache-2.0
"""Each bad example is rejected by the rule it breaks and by no other; good ones and emitted text pass. (All models
of tests/integration/end_to_end are looked at where they are compiled: programs.py.)"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

import lint

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(lint.ROOT / "tests/models"))
import make_tiny_mlp  # noqa: E402
import tiny_models  # noqa: E402
from kinds import KINDS  # noqa: E402

BAD = sorted((HERE / "bad").glob("*.cpp"))
GOOD = sorted((HERE / "good").glob("*.cpp"))


def rules():
    listing = subprocess.run([str(lint.LINT), "--rules"], capture_output=True, text=True, check=True).stdout
    return [line.split()[0] for line in listing.splitlines()]


def rule_of(path):
    return path.name.split(".")[0]  # RULE.cpp, or RULE.case.cpp


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path):
    found = lint.findings(path)
    assert {rule for rule, _ in found} == {rule_of(path)}, found


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path):
    assert lint.findings(path) == []


def test_every_rule_has_a_bad_example():
    assert {rule_of(path) for path in BAD} == set(rules())


def compile_model(folder, model, *options):
    done = subprocess.run([str(lint.LINT.parent / "streamtensorc"), "compile", str(model), "-o", str(folder), "--target",
                           "hw", *map(str, options)], capture_output=True, text=True, timeout=600,
                          env={"PATH": "/usr/bin:/bin"})  # without v++
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = tmp_path_factory.mktemp("lint") / "tiny.gguf"
    subprocess.run([sys.executable, str(lint.ROOT / "tests/models/make_tiny_llama.py"), str(path)], check=True)
    return path


@pytest.mark.parametrize("options", [(), ("--step-tokens", 1), ("--step-tokens", 5), ("--weight-channels", 1),
                                     ("--unroll", 1), ("--weight-channels", 7, "--unroll", 3, "--max-context", 64)],
                         ids=lambda options: "_".join(map(str, options)).replace("--", "") or "default")
def test_tiny_llama(tmp_path, tiny, options):
    lint.check_artifact(compile_model(tmp_path / "artifact", tiny, *options))


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_files(tmp_path, kind):
    tiny_models.make(tmp_path / "tiny.gguf", KINDS[kind])
    lint.check_artifact(compile_model(tmp_path / "artifact", tmp_path / "tiny.gguf"))


def test_general_module(tmp_path):
    module = tmp_path / "mlp.mlir"
    module.write_text(make_tiny_mlp.module_text(make_tiny_mlp.weights()))
    lint.check_artifact(compile_model(tmp_path / "artifact", module))
    lint.check_artifact(compile_model(tmp_path / "quantised", module, "--quantise", "w8a8"))


@pytest.mark.parametrize("name", ["attention", "conv_net", "erf", "floor", "layer_norm", "std"])
def test_static_modules(tmp_path, name):
    lint.check_artifact(compile_model(tmp_path / "artifact", lint.ROOT / f"tests/torch_modules/{name}.mlir"))


def test_channels_without_weights(tmp_path):
    """One product of one block: of four channels three have nothing to load."""
    x, w = "tensor<?x32xf32>", "tensor<32x32xf32>"
    module = tmp_path / "small.mlir"
    module.write_text(f"""func.func @main(%x: {x}) -> {x} {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : {x}
  %e = tensor.empty(%t) : {x}
  %w = arith.constant dense_resource<w> : {w}
  %f = linalg.fill ins(%zero : f32) outs(%e : {x}) -> {x}
  %y = linalg.matmul ins(%x, %w : {x}, {w}) outs(%f : {x}) -> {x}
  return %y : {x}
}}
{{-# dialect_resources: {{ builtin: {{ w: "0x04000000{"0000803F" * 1024}" }} }} #-}}
""")
    lint.check_artifact(compile_model(tmp_path / "artifact", module, "--quantise", "w8a8"))


def test_smollm2(tmp_path):
    artifact = compile_model(tmp_path / "artifact", os.environ["STREAMTENSOR_TEST_MODEL"])
    lint.check_artifact(artifact)
    shutil.rmtree(artifact)


def test_declared_bounds_are_what_loops_are_held_to(tmp_path, tiny):
    """The same text, said to be of fewer tokens or pages, is not within its bounds any more."""
    artifact = compile_model(tmp_path / "artifact", tiny)
    source = artifact / "hls/design.cpp"
    tokens, logits, context, _ = lint.bounds(artifact)[1::2]
    assert (tokens, logits) == (16, 16) and context > 64
    for fewer in (("--tokens", 15, "--logits", 16, "--context", context + 1),
                  ("--tokens", 16, "--logits", 15, "--context", context)):
        assert {rule for rule, _ in lint.findings(source, *fewer)} == {"symbol-bound"}
    # A page has 32 rows of scores, and a token sees no more than the context and the step's tokens.
    few_rows = lint.findings(source, "--tokens", 16, "--logits", 16, "--context", 1)
    assert {rule for rule, _ in few_rows} == {"loop-bound"}


@pytest.mark.parametrize("rule, good, bad", [
    ("cycle-flatten", "#pragma HLS LOOP_FLATTEN off\n    const int words", "    const int words"),
    ("cycle-pipeline", "#pragma HLS PIPELINE II = 1 style = flp", "#pragma HLS PIPELINE II = 1"),
    ("symbol-bound", "#define ST_STEP_TOKENS 16", "#define ST_STEP_TOKENS 32"),
    ("interface", "max_widen_bitwidth = 512 channel = 0", "max_widen_bitwidth = 512"),
    ("pragma", "II = 1 style = flp", "II = 1 style = flushable"),
    ("language", 'frame_stream activation_switch_to_engine("activation_switch_to_engine")',
     'hls::stream_of_blocks<st::word512[8], 2> activation_switch_to_engine("activation_switch_to_engine")'),
    ("static-local", "  st::header_word word = in.read();", "  static st::header_word word;\n  word = in.read();"),
    ("shared-pointer", "ST_PROCESS(load_weights_1, weights_1,", "ST_PROCESS(load_weights_1, weights_0,"),
    ("stream-ends", "ST_PROCESS(load_weights_1, weights_1, weights[1]", "ST_PROCESS(load_weights_1, weights_1, weights[0]"),
])
def test_emitted_text_that_was_changed(tmp_path, tiny, rule, good, bad):
    artifact = compile_model(tmp_path / "artifact", tiny)
    source = artifact / "hls/design.cpp"
    text = source.read_text()
    assert good in text, f"the emitted text has no '{good}' any more"
    source.write_text(text.replace(good, bad))
    assert rule in {found for found, _ in lint.findings(source, *lint.bounds(artifact))}


def test_process_called_too_early(tmp_path, tiny):
    """What is called first reads its three FIFOs before anything writes them."""
    artifact = compile_model(tmp_path / "artifact", tiny)
    source = artifact / "hls/design.cpp"
    lines = source.read_text().splitlines(keepends=True)
    calls = [i for i, line in enumerate(lines) if line.startswith("  ST_PROCESS(")]
    assert lines[calls[-1]].startswith("  ST_PROCESS(write_status, ")
    lines.insert(calls[0], lines.pop(calls[-1]))
    source.write_text("".join(lines))
    (rule, line), = lint.findings(source, *lint.bounds(artifact))
    assert rule == "call-order" and "done_store_logits" in line


def test_master_for_each_pointer(tmp_path, tiny):
    """More weight channels than are wanted by default need their banks shared with other pointers."""
    artifact = compile_model(tmp_path / "artifact", tiny, "--weight-channels", 24)
    source = artifact / "hls/design.cpp"
    assert lint.findings(source, *lint.bounds(artifact)) == []
    text = re.sub(r"(mode = m_axi port = (\w+) offset = slave bundle = )bank\d+", r"\1\2", source.read_text())
    source.write_text(text)
    assert {rule for rule, _ in lint.findings(source, *lint.bounds(artifact))} == {"axi-masters"}


def test_pragmas_are_held_to_the_versions_of_the_manual(tmp_path, tiny):
    """docs/hardware.md names the versions of the table; an older one drops the pragmas that have a channel."""
    versions = yaml.safe_load((HERE / "pragmas.yaml").read_text())["versions"]
    first, last = re.search(r"Vitis (\d{4}\.\d) to (\d{4}\.\d)", (lint.ROOT / "docs/hardware.md").read_text()).groups()
    assert (first, last) == (versions[0], versions[-1])
    older = tmp_path / "pragmas.yaml"
    older.write_text((HERE / "pragmas.yaml").read_text().replace(f'["{first}"', f'["2022.2", "{first}"'))
    artifact = compile_model(tmp_path / "artifact", tiny)
    found = lint.findings(artifact / "hls/design.cpp", "--pragmas", older, *lint.bounds(artifact))
    assert {rule for rule, _ in found} == {"pragma"}
    assert all("'channel' came with 2023.1" in line for _, line in found)


@pytest.mark.parametrize("old, new, message", [
    ("versions: [", "versions: [\"2024.1\", ", "ascending order"),
    ("value: none", "value: nothing", "allowed are none, integer, name, word"),
    ("value: word, words: [stp", "value: name, words: [stp", "'words' belongs to"),
])
def test_wrong_table_of_pragmas(tmp_path, old, new, message):
    table = tmp_path / "pragmas.yaml"
    text = (HERE / "pragmas.yaml").read_text()
    assert old in text
    table.write_text(text.replace(old, new, 1))
    done = subprocess.run([str(lint.LINT), "--pragmas", str(table), str(GOOD[0])], capture_output=True, text=True)
    assert done.returncode == 2 and message in done.stderr, done.stderr


@pytest.mark.parametrize("rule, header, good, bad", [
    ("loop-bound", "attention_plain.h", "constexpr int kItemsAtOnce = 64;\n", "constexpr int kItemsAtOnce = 4096;\n"),
])
def test_kernel_that_was_changed(tmp_path, tiny, rule, header, good, bad):
    artifact = compile_model(tmp_path / "artifact", tiny)
    shutil.copytree(lint.ROOT / "kernels", tmp_path / "kernels")
    kernel = tmp_path / "kernels/st" / header
    text = kernel.read_text()
    assert good in text, f"{header} has no '{good}' any more"
    kernel.write_text(text.replace(good, bad))
    found = lint.findings(artifact / "hls/design.cpp", "--kernels", tmp_path / "kernels", *lint.bounds(artifact))
    assert {found_rule for found_rule, _ in found} == {rule}, found
