# SPDX-License-Identifier: Apache-2.0
"""Float checkpoints that `--quantise` brings to 4 and 8 bits: the card's logits are the JIT's bit for bit, in every
build, and as close to the float32 forward as the format is."""
import json
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from programs import BIN, call, card_logits, chunked, jit_logits, numpy_llama, same_bits, tiny_models, tokens_of

import make_sparse_model
import make_tiny_gpt2
import make_tiny_llama

SEED = 11
# K is 192, so that groups are of 64; of attention's output and of down 128 and 256: groups of 128.
OPTIONS = make_tiny_llama.Options(seed=SEED, hidden=192, inner=256, heads=4, kv_heads=2, head_dim=32, matrix_type="F32",
                                  embedding_type="F32")
# Of the largest logit. Eight bits lose what the tests of quantised files allow; four lose most of what there is.
WITHIN = {"w8": 0.05, "w4g128": 0.25}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("weight_formats") / "tiny.gguf"
    tiny_models.make(path, OPTIONS)
    return path


@pytest.fixture(scope="module", params=WITHIN)
def compiled(request, tmp_path_factory, model):
    artifact = tmp_path_factory.mktemp(request.param) / "artifact"
    call("streamtensorc", "compile", model, "-o", artifact, "--quantise", request.param)
    return request.param, artifact


@pytest.mark.parametrize("chunk", [1, 2, 7, 16])
def test_is_the_jit_bit_for_bit(tmp_path, model, compiled, chunk):
    quantise, artifact = compiled
    script, _ = chunked([tokens_of(70, SEED), tokens_of(33, SEED + 1)], [chunk, 3])
    card = card_logits(artifact, tmp_path, script)
    jit = jit_logits(model, tmp_path, script, "--quantise", quantise)
    assert same_bits(card, jit), np.abs(card - jit).max()


@pytest.mark.parametrize("options", [["--plain"], ["--plain", "--weight-channels", "3", "--unroll", "1"],
                                     ["--weight-channels", "32"]])
def test_every_build_has_the_same_bits(tmp_path, model, compiled, options):
    quantise, artifact = compiled
    call("streamtensorc", "compile", model, "-o", tmp_path / "other", "--quantise", quantise, "--isa", "x86-64-v3", *options)
    script, _ = chunked([tokens_of(20, SEED), tokens_of(17, SEED + 2)], [5, 2])
    assert same_bits(card_logits(tmp_path / "other", tmp_path, script), card_logits(artifact, tmp_path, script))


def test_close_to_the_float_forward(tmp_path, model, compiled):
    quantise, artifact = compiled
    tokens = tokens_of(100, SEED + 3)
    card = card_logits(artifact, tmp_path, chunked([tokens], [16])[0])
    expected = numpy_llama.forward(numpy_llama.Model(model), tokens)
    error = np.abs(card - expected).max() / np.abs(expected).max()
    print(f"{quantise}: {100 * error:.2f} % of the largest logit")
    assert error <= WITHIN[quantise]


def test_groups_are_as_large_as_the_columns_allow(compiled):
    quantise, artifact = compiled
    issues = re.findall(r"cut_issue<\d+>\((\d+), (\d+), \d+, st::ROWS_[TW](?:, (\d+))?\)", (artifact / "hls/design.cpp").read_text())
    formats = {int(groups): (int(bits), int(shared or 1)) for bits, groups, shared in issues}
    assert formats == ({6: (4, 2), 4: (4, 4), 8: (4, 4)} if quantise == "w4g128" else {6: (8, 1), 4: (8, 1), 8: (8, 1)})


def test_a_folder_gives_the_same_design(tmp_path):
    """Hugging Face stores GPT-2's matrices as columns."""
    options = make_tiny_gpt2.Options(hidden=128, inner=256, heads=4, matrix_type="F32", embedding_type="F32")
    tiny_models.make(tmp_path / "gpt2.gguf", options)
    tiny_models.make_folder(tmp_path / "gpt2", options)
    designs = []
    for source in ("gpt2.gguf", "gpt2"):
        artifact = tmp_path / f"{source}.artifact"
        call("streamtensorc", "compile", tmp_path / source, "-o", artifact, "--target", "hw", "--quantise", "w4g128")
        designs.append([(artifact / name).read_bytes() for name in ("hls/design.cpp", "weights.bin")])
    assert designs[0] == designs[1]
    assert b", st::ROWS_T, 4)" in designs[0][0]


def test_inspect_tells_bytes_and_errors(model):
    reports = {quantise: json.loads(call("streamtensorc", "inspect", model, "--json", "--quantise", quantise))["requantised"]
               for quantise in WITHIN}
    bits = {}
    for quantise, report in reports.items():
        matrices = {matrix["name"]: matrix for matrix in report["matrices"]}
        assert len(matrices) == 1 + 7 * OPTIONS.layers
        assert report["total"]["bytes"] == sum(matrix["bytes"] for matrix in matrices.values())
        bits[quantise] = [8 * matrices[name]["bytes"] / elements for name, elements in
                          (("blk.1.ffn_gate.weight", 256 * 192), ("blk.1.ffn_down.weight", 192 * 256))]
    assert bits == {"w4g128": [4.5, 4.25], "w8": [9, 9]}
    assert 0.05 < reports["w4g128"]["total"]["relative_rms"] < 0.1  # about what 16 steps of normal values lose
    assert reports["w8"]["total"]["relative_rms"] < 0.01
    text = call("streamtensorc", "inspect", model, "--quantise", "w4g128")
    assert re.search(r"blk\.1\.ffn_down\.weight +F32  -> u4 by 128 .* % RMS, largest .*, 26112 bytes\n", text), text


def refusal(*arguments):
    ran = subprocess.run([BIN / "streamtensorc", *arguments], capture_output=True, text=True, timeout=100)
    assert ran.returncode == 1, ran.stdout
    return ran.stderr


def test_what_has_no_floats_is_refused(tmp_path):
    tiny_models.make(tmp_path / "q4.gguf", make_tiny_llama.Options())
    said = refusal("compile", tmp_path / "q4.gguf", "--dry-run", "--quantise", "w4g128")
    assert "--quantise w4g128 is for matrices of F32, F16 and BF16, and the model has none" in said
    assert "a checkpoint takes w4g128 or w8" in refusal("compile", tmp_path / "q4.gguf", "--dry-run", "--quantise", "w8a8")
    (tmp_path / "m.mlir").write_text("module {}")
    assert "a .mlir module takes w8a8 or w4a8" in refusal("compile", tmp_path / "m.mlir", "--dry-run", "--quantise", "w8")


def test_a_value_that_is_not_finite_is_refused(tmp_path):
    tensors = make_tiny_llama.tensors_of(OPTIONS)
    dict((name, values) for name, _, values in tensors)["blk.1.ffn_down.weight"][3, 130] = np.inf
    make_tiny_llama.write_gguf(tmp_path / "inf.gguf", make_tiny_llama.metadata_of(OPTIONS), tensors)
    said = refusal("compile", tmp_path / "inf.gguf", "-o", tmp_path / "artifact", "--quantise", "w4g128")
    assert "'blk.1.ffn_down.weight', row 3, group 1: its element is not a finite number" in said
    assert not (tmp_path / "artifact").exists()


@pytest.mark.parametrize("name", ["gpt2-medium", "llama3.1-8b"])
def test_large_models_pass_all_stages(tmp_path, name):
    """With no other option. Their head is quantised too: 4.25 bits a weight, but for the padding of rows."""
    sizes = make_sparse_model.MODELS[name]
    make_sparse_model.make(tmp_path / "model.gguf", replace(sizes, matrix_type="F16", embedding_type="F16",
                                                            head_type="F16" if sizes.head_type else ""))
    said = call("streamtensorc", "compile", tmp_path / "model.gguf", "--dry-run", "--quantise", "w4g128")
    weights = 1e6 * float(re.search(r"weights +([\d.]+) MB in", said)[1])
    layer = {"gpt2-medium": 12 * 1024 * 1024, "llama3.1-8b": 4096 * (2 * 4096 + 2 * 1024 + 3 * 14336)}[name]
    elements = layer * sizes.layers + sizes.vocabulary * sizes.hidden
    assert 4.249 < 8 * weights / elements < 4.35
