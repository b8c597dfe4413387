# SPDX-License-Identifier: Apache-2.0
"""Encoders that people have: exported, compiled, run on the emulated card, and compared with PyTorch or onnxruntime.

A small BERT of random weights always; all-MiniLM-L6-v2 and magika, which are downloads and minutes, where they are named:

  STREAMTENSOR_MINILM=$(scripts/fetch-model minilm) STREAMTENSOR_MAGIKA=$(scripts/fetch-model magika) \\
      $(scripts/torch-environment) -m pytest tests/package/test_encoders.py
"""

import json
import os
import pathlib
import random
import subprocess

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir.ir")
transformers = pytest.importorskip("transformers")

import streamtensor
from conftest import BIN

MINILM = os.environ.get("STREAMTENSOR_MINILM")
MAGIKA = os.environ.get("STREAMTENSOR_MAGIKA")
SEED = int(os.environ.get("STREAMTENSOR_SEED", "20261201"))
LENGTH = 32
PAIRS = 100
FILES = 50


def embeddings(model, ids, mask):
    """sentence-transformers' definition: the mean of what the mask keeps, at unit length."""
    with torch.no_grad():
        hidden = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state.numpy()
    mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def run_encoder(model, path, ids, mask, **options):
    streamtensor.export_encoder(model, path / "encoder.mlir", length=ids.shape[1])
    streamtensor.compile(path / "encoder.mlir", path / "encoder", **options)
    return streamtensor.run(path / "encoder", ids[:, None], mask[:, None])[:, 0]


def test_a_small_bert(tmp_path, compiler):
    print("seed", SEED)
    torch.manual_seed(SEED)
    config = transformers.BertConfig(vocab_size=97, hidden_size=48, num_hidden_layers=2, num_attention_heads=3,
                                     intermediate_size=80, max_position_embeddings=24)
    model = transformers.BertModel(config).eval()
    generator = np.random.default_rng(SEED)
    ids = generator.integers(0, 97, (4, 20))
    mask = (np.arange(20) < np.array([20, 11, 3, 1])[:, None]).astype(np.int64)
    expected = embeddings(model, ids, mask)
    actual = run_encoder(model, tmp_path, ids, mask)
    assert np.abs(actual - expected).max() < 1e-3 * np.abs(expected).max()
    # Or the mask would not matter.
    assert np.abs(embeddings(model, ids, np.ones_like(mask))[1:] - expected[1:]).max() > 1e-2


@pytest.mark.parametrize("quantise, most", [("w8a8", 0.03), ("w4a8", 0.3)])
def test_a_small_bert_in_integers(tmp_path, compiler, quantise, most):
    """Every linear layer of every layer is quantised, and the report says what each loses."""
    print("seed", SEED)
    torch.manual_seed(SEED)
    config = transformers.BertConfig(vocab_size=97, hidden_size=48, num_hidden_layers=2, num_attention_heads=3,
                                     intermediate_size=80, max_position_embeddings=24)
    model = transformers.BertModel(config).eval()
    ids = np.random.default_rng(SEED).integers(0, 97, (2, 20))
    mask = (np.arange(20) < np.array([20, 9])[:, None]).astype(np.int64)
    expected = embeddings(model, ids, mask)
    actual = run_encoder(model, tmp_path, ids, mask, quantise=quantise)
    off = np.abs(actual - expected).max() / np.abs(expected).max()
    print(f"largest error {off:.1e} of the largest value")
    assert 1e-5 < off < most
    summary = (tmp_path / "encoder" / "reports" / "summary.txt").read_text()
    for layer in range(2):
        for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
                     "intermediate.dense", "output.dense"]:
            assert f"encoder.layer.{layer}.{name}.weight [" in summary, (layer, name)


def test_an_encoder_is_refused_by_name(tmp_path):
    config = transformers.BertConfig(vocab_size=97, hidden_size=48, num_hidden_layers=1, num_attention_heads=3,
                                     intermediate_size=80, max_position_embeddings=24)
    model = transformers.BertModel(config).eval()
    with pytest.raises(ValueError, match="length is 25; the model has positions for 1 to 24"):
        streamtensor.export_encoder(model, tmp_path / "x.mlir", length=25)
    with pytest.raises(ValueError, match="model is str; expected a torch.nn.Module"):
        streamtensor.export_encoder("bert", tmp_path / "x.mlir")


def sentences(count):
    """Of one grammar, so that some pairs are close."""
    generator = random.Random(SEED)
    who = ["A man", "The girl", "My neighbour", "Dr. M\u00fcller", "Nobody", "The old card", "She", "A compiler"]
    what = ["is playing", "eats", "doesn't like", "wrote about", "measured", "sold", "can't find", "re-reads"]
    whom = ["a guitar", "noodles", "the FPGA's memory", "na\u00efve caf\u00e9s", "3.5 kg of rice", "dataflow", "\u6771\u4eac", "it twice!"]
    where = ["in the park.", "on Monday, at 7", "(again)", "", "while it rains", "for $20", "- or so they say", "under water?"]
    return [" ".join(generator.choice(words) for words in (who, what, whom, where)) for _ in range(count)]


def our_ids(folder, texts):
    """By the tokenizer that is served."""
    probe = subprocess.run([BIN / "tokenizer_probe", folder], check=True, capture_output=True, text=True,
                           input="".join(json.dumps({"encode": text.encode().hex()}) + "\n" for text in texts))
    return [json.loads(line)["ids"] for line in probe.stdout.splitlines()]


@pytest.mark.skipif(not MINILM, reason="STREAMTENSOR_MINILM does not say where the folder is")
def test_minilm(tmp_path, compiler):
    print("seed", SEED)
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM)
    texts = sentences(2 * PAIRS)
    begin, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    rows = [[begin, *row, end] for row in our_ids(MINILM, texts)]
    assert rows == [tokenizer(text, padding=False)["input_ids"] for text in texts]
    assert max(map(len, rows)) <= LENGTH
    ids = np.array([row + [0] * (LENGTH - len(row)) for row in rows], dtype=np.int64)
    mask = np.array([[1] * len(row) + [0] * (LENGTH - len(row)) for row in rows], dtype=np.int64)
    model = transformers.AutoModel.from_pretrained(MINILM).eval()
    expected = embeddings(model, ids, mask)
    actual = run_encoder(model, tmp_path, ids, mask)
    off = np.abs(actual - expected).max() / np.abs(expected).max()
    cosines = [(both[:PAIRS] * both[PAIRS:]).sum(1) for both in (actual, expected)]
    print(f"largest error {off:.1e} of the largest value; cosines off by {np.abs(cosines[0] - cosines[1]).max():.1e}")
    assert off < 1e-3
    assert np.abs(cosines[0] - cosines[1]).max() < 1e-3
    assert np.ptp(cosines[1]) > 0.3, "pairs that differ"


@pytest.mark.skipif(not MINILM, reason="STREAMTENSOR_MINILM does not say where the folder is")
def test_minilm_in_integers(tmp_path, compiler):
    tokenizer = transformers.AutoTokenizer.from_pretrained(MINILM)
    batch = tokenizer(sentences(20), padding="max_length", max_length=LENGTH, truncation=True, return_tensors="np")
    ids, mask = batch["input_ids"].astype(np.int64), batch["attention_mask"].astype(np.int64)
    model = transformers.AutoModel.from_pretrained(MINILM).eval()
    expected = embeddings(model, ids, mask)
    actual = run_encoder(model, tmp_path, ids, mask, quantise="w8a8")
    cosines = [(both[:10] * both[10:]).sum(1) for both in (actual, expected)]
    print(f"largest error {np.abs(actual - expected).max() / np.abs(expected).max():.1e} of the largest value; "
          f"cosines off by {np.abs(cosines[0] - cosines[1]).max():.1e}")
    assert np.abs(cosines[0] - cosines[1]).max() < 0.02


def onnx_results(model, inputs):
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnxruntime==1.23.2 into that environment")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return [session.run(None, {session.get_inputs()[0].name: value})[0] for value in inputs]


@pytest.mark.skipif(not MAGIKA, reason="STREAMTENSOR_MAGIKA does not say where the file is")
def test_magika(tmp_path, compiler):
    """Of the first and the last bytes of files, as the package takes them: 1024 each, 256 where there are none."""
    print("seed", SEED)
    generator = random.Random(SEED)
    root = pathlib.Path(__file__).resolve().parents[2]
    files = sorted(path for pattern in ("*.cpp", "*.py", "*.md", "*.json", "*.npz", "*.yaml", "*.mlir", "CMakeLists.txt", "*.proto")
                   for path in root.glob(f"[a-z]*/**/{pattern}") if "build" not in path.parts[len(root.parts)])
    samples = []
    for path in generator.sample(files, FILES - 5):
        data = path.read_bytes()
        first, last = list(data[:4096].lstrip()[:1024]), list(data[-4096:].rstrip()[-1024:])
        samples.append(first + [256] * (1024 - len(first)) + [256] * (1024 - len(last)) + last)
    samples += [[generator.randrange(257) for _ in range(2048)] for _ in range(5)]
    inputs = [np.array([sample], dtype=np.int32) for sample in samples]
    expected = np.stack(onnx_results(MAGIKA, inputs))
    streamtensor.export_onnx(MAGIKA, tmp_path / "magika.mlir", dims={"unk__214": 1})
    streamtensor.compile(tmp_path / "magika.mlir", tmp_path / "magika")
    actual = streamtensor.run(tmp_path / "magika", np.stack(inputs))
    print(f"largest error {np.abs(actual - expected).max():.1e}; {len(set(expected.argmax(-1).ravel()))} kinds of files")
    assert np.abs(actual - expected).max() < 1e-3
    assert (actual.argmax(-1) == expected.argmax(-1)).all()
    assert len(set(expected.argmax(-1).ravel())) > 5
