#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the tiny models against the compiler's reader, and the references against plain loops.

Usage: models_test.py WEIGHT_DUMP    (the program built from tests/compiler/frontend/weight_dump.cpp)
"""
import math
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import make_tiny_gpt2
import make_tiny_llama
import make_tiny_mlp
import make_tiny_opt
import numpy_gpt2
import numpy_llama
import numpy_opt
import tiny_models
from kinds import KINDS
from tensor_types import NUMBERS, TYPES, decode, encode

WEIGHT_DUMP = None


def make(folder, **options):
    path = str(Path(folder) / "tiny.gguf")
    make_tiny_llama.make(path, make_tiny_llama.Options(**options))
    return path


POSITIONS = 64  # of the tables that the dump has


def parts_of(name, model):
    """The graph's weights that lie in a tensor, one below the other."""
    if "attn_qkv" in name:
        return [name.replace("attn_qkv", "attn_" + part) for part in "qkv"]
    if "ffn_up" in name and model.metadata["general.architecture"] == "phi3":
        return [name.replace("ffn_up", part) for part in ("ffn_gate", "ffn_up")]
    return [name]


def dump(path, name):
    raw = subprocess.run([WEIGHT_DUMP, path, name], check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(raw, dtype="<f4")


class Weights(unittest.TestCase):

    def check(self, **options):
        with tempfile.TemporaryDirectory() as folder:
            path = make(folder, **options)
            model = numpy_llama.Model(path)
            self.compare(path, model, options)

    def compare(self, path, model, what):
        """Types that the card can't keep are within what their rounding allows, others are equal."""
        for name, (number, shape, _) in model.infos.items():
            if name == "rope_freqs.weight":
                continue  # part of the tables
            theirs, kind = model.weight(name), NUMBERS[number]
            if name == "position_embd.weight":
                # Rows that no position reads come first.
                first = len(theirs) - int(model.metadata[model.metadata["general.architecture"] + ".context_length"])
                theirs = theirs[first:first + POSITIONS]
            ours = np.concatenate([dump(path, part) for part in parts_of(name, model)]).reshape(theirs.shape)
            groups = np.abs(theirs.reshape(-1, min(32, theirs.shape[-1]))).max(axis=1)
            off = np.abs(ours - theirs).reshape(len(groups), -1).max(axis=1)
            if len(shape) == 1 or name.startswith("position_embd") or kind in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"):
                np.testing.assert_array_equal(ours, theirs, f"{name} {what}")
            elif kind in ("Q4_K", "Q5_K"):  # scale and minimum rounded to float16
                step = np.abs(theirs).max() * 2**-11 * 3
                self.assertLess(off.max(), step, f"{name} {kind} {what}")
            else:  # to bytes, by a scale of at most a 95th of the group's largest
                self.assertLess((off / groups).max(), 0.51 / 95, f"{name} {kind} {what}")

    def test_all_types(self):
        self.check(matrix_type="Q4_1")
        self.check(matrix_type="Q4_0", head_type="Q8_0")
        self.check(matrix_type="Q8_0", embedding_type="Q4_0", alignment=64)
        self.check(matrix_type="F32", embedding_type="F32", head_type="Q4_1")
        self.check(matrix_type="F16", embedding_type="BF16", head_type="Q5_1")
        self.check(matrix_type="Q5_0", embedding_type="F16", head_type="BF16")

    def test_k_quants(self):
        for kind in ("Q4_K", "Q5_K", "Q6_K"):
            self.check(matrix_type=kind, embedding_type=kind, hidden=256, inner=512, head_dim=64)

    def test_kinds(self):
        for name, options in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "tiny.gguf")
                tiny_models.make(path, options)
                self.compare(path, numpy_llama.Model(path), name)

    def test_norms_of_fewer_bits(self):
        for kind in ("F16", "BF16"):
            self.check(norm_type=kind, biases="qkvo")

    def test_layers_of_different_types(self):
        self.check(matrix_type="Q4_1", types={"blk.0.attn_q.weight": "Q4_0", "blk.1.attn_q.weight": "Q4_1"})
        self.check(matrix_type="Q8_0", types={"blk.0.ffn_up.weight": "Q4_0"})
        self.check(matrix_type="Q8_0", types={"blk.0.ffn_up.weight": "Q4_1", "blk.0.ffn_down.weight": "Q5_1"})
        self.check(matrix_type="F16", types={"blk.0.ffn_up.weight": "Q4_1", "blk.0.ffn_down.weight": "Q5_0"})

    def test_rope_tables(self):
        with tempfile.TemporaryDirectory() as folder:
            path = make(folder, head_dim=32, rope_base=500.0)
            for name, function in (("rope.cos", math.cos), ("rope.sin", math.sin)):
                table = dump(path, name).reshape(64, 16)
                wanted = [[function(p * 500.0**(-2 * i / 32)) for i in range(16)] for p in range(64)]
                np.testing.assert_array_equal(table, np.asarray(wanted).astype(np.float32))


    def test_scaled_rope_tables(self):
        """As the numpy reference has them; that it is right is for llama.cpp to say."""
        for name in ("llama3", "linear", "yarn"):
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "tiny.gguf")
                make_tiny_llama.make(path, KINDS[name])
                rate, magnitude = numpy_llama.rope_frequencies(numpy_llama.Model(path), KINDS[name].head_dim)
                angles = np.arange(64)[:, None] * rate
                for table, values in (("rope.cos", np.cos(angles)), ("rope.sin", np.sin(angles))):
                    got = dump(path, table).reshape(64, -1)
                    np.testing.assert_allclose(got, magnitude * values, rtol=0, atol=1e-6, err_msg=name)


class TensorTypes(unittest.TestCase):

    def test_what_is_written_is_read(self):
        """As near as the type's bits allow for normal numbers."""
        x = np.random.default_rng(1).standard_normal((5, 512)).astype(np.float32)
        allowed = {"F32": 0, "F16": 0.002, "BF16": 0.01, "Q4_0": 0.4, "Q4_1": 0.25, "Q5_0": 0.2, "Q5_1": 0.12,
                   "Q8_0": 0.02, "Q4_K": 0.25, "Q5_K": 0.12, "Q6_K": 0.08}
        for name in TYPES:
            raw = np.frombuffer(encode(x, name), dtype=np.uint8)
            self.assertEqual(len(raw), x.size // TYPES[name][1] * TYPES[name][2])
            self.assertLessEqual(np.abs(decode(raw, name, x.shape) - x).max(), allowed[name], name)


class Llama(unittest.TestCase):

    def test_every_trait_of_a_kind_shows(self):
        """A forward that leaves one out is far off: what the numeric tests allow would not hide it."""
        for name, traits in (("qwen2", ["attn_q.bias", "attn_k.bias", "attn_v.bias", "halves"]),
                             ("qwen3", ["attn_q_norm", "attn_k_norm"]),
                             ("gemma3", ["post_attention_norm", "post_ffw_norm", "attn_q_norm", "sliding_window", "sliding_window_pattern",
                                         "freq_base"]),
                             ("mistral", ["sliding_window"]), ("llama3", ["rope_freqs"]), ("linear", ["rope.scaling", "attn_output.bias"]),
                             ("yarn", ["rope.scaling", "yarn"])):
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "tiny.gguf")
                make_tiny_llama.make(path, KINDS[name])
                tokens = np.random.default_rng(3).integers(3, 384, 40)
                whole = numpy_llama.forward(numpy_llama.Model(path), tokens)
                for trait in traits:
                    model = numpy_llama.Model(path)
                    if trait.endswith("_norm"):
                        for tensor in model.infos:
                            if trait in tensor:
                                model.cache[tensor] = np.ones_like(model.weight(tensor))
                    elif trait == "halves":
                        model.metadata = {key.replace("qwen2.", "llama."): value for key, value in model.metadata.items()}
                        model.metadata["general.architecture"] = "llama"
                    elif trait == "yarn":
                        model.metadata["llama.rope.scaling.type"] = "linear"
                    else:
                        model.metadata = {k: v for k, v in model.metadata.items() if trait not in k}
                        model.infos = {k: v for k, v in model.infos.items() if trait not in k}
                    other = numpy_llama.forward(model, tokens)
                    self.assertGreater(np.abs(other - whole).max() / np.abs(whole).max(), 0.1, f"{name} {trait}")

    def test_a_token_sees_only_what_came_before(self):
        with tempfile.TemporaryDirectory() as folder:
            model = numpy_llama.Model(make(folder))
            tokens = np.random.default_rng(3).integers(3, 384, 40)
            whole = numpy_llama.forward(model, tokens)
            np.testing.assert_allclose(numpy_llama.forward(model, tokens[:25]), whole[:25], rtol=1e-3, atol=1e-3)
            tokens[5] = (tokens[5] + 1) % 384
            changed = numpy_llama.forward(model, tokens)
            np.testing.assert_allclose(changed[:5], whole[:5], rtol=1e-3, atol=1e-3)
            self.assertGreater(np.abs(changed[5:] - whole[5:]).max(), 1)

    def test_against_plain_loops(self):
        """One layer, two tokens, written out element by element in double."""
        with tempfile.TemporaryDirectory() as folder:
            model = numpy_llama.Model(make(folder, layers=1))
            tokens, heads, dim = [7, 300], 4, 16
            w = lambda name: model.weight(name).astype(np.float64)
            times = lambda name, x: [sum(a * b for a, b in zip(row, x)) for row in w(name)]

            def norm(name, x):
                scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + 1e-5)
                return [v * scale * g for v, g in zip(x, w(name))]

            def rotate(x, position):
                out = list(x)
                for start in range(0, len(x), dim):
                    for i in range(dim // 2):
                        angle = position * 10000.0**(-2 * i / dim)
                        a, b = x[start + 2 * i], x[start + 2 * i + 1]
                        out[start + 2 * i] = a * math.cos(angle) - b * math.sin(angle)
                        out[start + 2 * i + 1] = a * math.sin(angle) + b * math.cos(angle)
                return out

            keys, values, logits = [], [], []
            for position, token in enumerate(tokens):
                x = list(w("token_embd.weight")[token])
                normal = norm("blk.0.attn_norm.weight", x)
                q = rotate(times("blk.0.attn_q.weight", normal), position)
                keys.append(rotate(times("blk.0.attn_k.weight", normal), position))
                values.append(times("blk.0.attn_v.weight", normal))
                attended = []
                for head in range(heads):
                    kv = head // 2 * dim
                    scores = [sum(q[head * dim + i] * k[kv + i] for i in range(dim)) / math.sqrt(dim) for k in keys]
                    powers = [math.exp(score) for score in scores]
                    for i in range(dim):
                        attended.append(sum(p * v[kv + i] for p, v in zip(powers, values)) / sum(powers))
                x = [a + b for a, b in zip(x, times("blk.0.attn_output.weight", attended))]
                normal = norm("blk.0.ffn_norm.weight", x)
                gate, up = times("blk.0.ffn_gate.weight", normal), times("blk.0.ffn_up.weight", normal)
                inner = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)]
                x = [a + b for a, b in zip(x, times("blk.0.ffn_down.weight", inner))]
                logits.append(times("token_embd.weight", norm("output_norm.weight", x)))
            np.testing.assert_allclose(numpy_llama.forward(model, tokens), logits, rtol=1e-3, atol=1e-3)

    def test_attention_is_peaked(self):
        """Or the numeric tests would not see a wrong position."""
        with tempfile.TemporaryDirectory() as folder:
            model = numpy_llama.Model(make(folder))
            x = model.weight("token_embd.weight")[3:67]
            normal = numpy_llama.rms_norm(x, model.weight("blk.0.attn_norm.weight"), 1e-5)
            q = (normal @ model.weight("blk.0.attn_q.weight").T).reshape(64, 4, 16)
            k = (normal @ model.weight("blk.0.attn_k.weight").T).reshape(64, 2, 16)
            shares = numpy_llama.softmax(q[:, 0] @ k[:, 0].T / 4)
            self.assertGreater(np.median(shares.max(axis=1)), 0.4)


class Gpt2(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def model(self, **options):
        path = str(Path(self.folder.name) / "tiny.gguf")
        make_tiny_gpt2.make(path, make_tiny_gpt2.Options(**options))
        return numpy_llama.Model(path)

    def test_every_trait_shows(self):
        """A forward that leaves one out is far off: what the numeric tests allow would not hide it."""
        tokens = np.random.default_rng(3).integers(3, 387, 40)
        whole = numpy_gpt2.forward(self.model(), tokens)
        for trait in ("position_embd.weight", "attn_norm.bias", "ffn_norm.bias", "output_norm.bias", "attn_qkv.bias",
                      "attn_output.bias", "ffn_up.bias", "ffn_down.bias"):
            model = self.model()
            for name in model.infos:
                if name.endswith(trait):
                    model.cache[name] = 0 * model.weight(name)
            other = numpy_gpt2.forward(model, tokens)
            self.assertGreater(np.abs(other - whole).max() / np.abs(whole).max(), 0.06, trait)

    def test_against_plain_loops(self):
        """One layer, two tokens, written out element by element in double."""
        model, tokens = self.model(layers=1, hidden=32, inner=64, heads=2), [7, 300]
        heads, dim = 2, 16
        w = lambda name: model.weight(name).astype(np.float64)
        times = lambda name, x: [sum(a * b for a, b in zip(row, x)) + bias
                                 for row, bias in zip(w(name + ".weight"), w(name + ".bias"))]

        def norm(name, x):
            mean = sum(x) / len(x)
            scale = 1 / math.sqrt(sum((v - mean)**2 for v in x) / len(x) + 1e-5)
            return [(v - mean) * scale * g + b for v, g, b in zip(x, w(name + ".weight"), w(name + ".bias"))]

        keys, values, logits = [], [], []
        for position, token in enumerate(tokens):
            x = [a + b for a, b in zip(w("token_embd.weight")[token], w("position_embd.weight")[position])]
            qkv = times("blk.0.attn_qkv", norm("blk.0.attn_norm", x))
            q = qkv[:heads * dim]
            keys.append(qkv[heads * dim:2 * heads * dim])
            values.append(qkv[2 * heads * dim:])
            attended = []
            for head in range(heads):
                begin = head * dim
                scores = [sum(q[begin + i] * k[begin + i] for i in range(dim)) / math.sqrt(dim) for k in keys]
                powers = [math.exp(score) for score in scores]
                for i in range(dim):
                    attended.append(sum(p * v[begin + i] for p, v in zip(powers, values)) / sum(powers))
            x = [a + b for a, b in zip(x, times("blk.0.attn_output", attended))]
            inner = [0.5 * u * (1 + math.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
                     for u in times("blk.0.ffn_up", norm("blk.0.ffn_norm", x))]
            x = [a + b for a, b in zip(x, times("blk.0.ffn_down", inner))]
            final = norm("output_norm", x)
            logits.append([sum(a * b for a, b in zip(row, final)) for row in w("token_embd.weight")])
        np.testing.assert_allclose(numpy_gpt2.forward(model, tokens), logits, rtol=1e-3, atol=1e-3)


class Opt(unittest.TestCase):

    def test_every_trait_shows(self):
        """A forward that leaves one out is far off: what the numeric tests allow would not hide it."""
        tokens = np.random.default_rng(3).integers(3, 387, 40)
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "tiny.gguf")
            make_tiny_opt.make(path, make_tiny_opt.Options())
            whole = numpy_opt.forward(numpy_llama.Model(path), tokens)
            for trait in ("position offset", "activation", "attn_q.bias", "attn_v.bias", "attn_output.bias",
                          "ffn_up.bias", "ffn_down.bias", "output_norm.bias"):
                model = numpy_llama.Model(path)
                if trait == "position offset":
                    model.cache["position_embd.weight"] = np.roll(model.weight("position_embd.weight"), 1, axis=0)
                for name in model.infos:
                    if name.endswith(trait):
                        model.cache[name] = 0 * model.weight(name)
                with unittest.mock.patch.object(numpy_opt, "relu", (lambda x: x) if trait == "activation" else numpy_opt.relu):
                    other = numpy_opt.forward(model, tokens)
                self.assertGreater(np.abs(other - whole).max() / np.abs(whole).max(), 0.06, trait)


class Mlp(unittest.TestCase):

    def test_layer_norm(self):
        w = make_tiny_mlp.weights()
        x = np.random.default_rng(1).standard_normal((5, 64)).astype(np.float32)
        y = (make_tiny_mlp.forward(w, x) - w["b"]) / w["g"]
        np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-5)
        np.testing.assert_allclose(y.std(axis=1), 1, atol=1e-3)


class Tokenizer(unittest.TestCase):

    def test_merges_make_tokens(self):
        options = make_tiny_llama.Options()
        metadata = make_tiny_llama.metadata_of(options)
        tokens = metadata["tokenizer.ggml.tokens"]
        self.assertEqual(len(tokens), options.vocabulary)
        self.assertEqual(len(set(tokens)), len(tokens))
        for merge in metadata["tokenizer.ggml.merges"]:
            left, right = merge.split(" ")
            self.assertTrue({left, right, left + right} <= set(tokens), merge)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: models_test.py WEIGHT_DUMP")
    WEIGHT_DUMP = sys.argv.pop(1)
    unittest.main(verbosity=2)
