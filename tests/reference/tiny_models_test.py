#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the compiler's ordered modules compute, against numpy and against themselves.

Usage: tiny_models_test.py STREAMTENSOR_REFERENCE
"""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "models"))
import make_tiny_llama
import make_tiny_mlp
import numpy_llama

REFERENCE = None
SEED = 7
TOLERANCE = 0.05  # of the largest logit
MUTATIONS = ["mask-off-by-one", "no-rope", "gate-up-swapped", "page-slip", "kv-heads-reversed"]


def run_steps(model, script, *options):
    with tempfile.TemporaryDirectory() as folder:
        steps, logits = Path(folder) / "steps.json", Path(folder) / "logits.npy"
        steps.write_text(json.dumps(script))
        subprocess.run([REFERENCE, model, "--steps", str(steps), "--logits", str(logits), *options], check=True)
        return np.load(logits)


def sequence_tokens(ids, slot, start, count, wants=True):
    return [{"token_id": int(ids[p]), "slot": slot, "position": p, "start": start, "wants_logits": wants}
            for p in range(start, start + count)]


def chunked(ids, sizes, table):
    """One sequence in steps of `sizes` tokens, the last size repeated."""
    steps, at = [], 0
    while at < len(ids):
        size = min(sizes[min(len(steps), len(sizes) - 1)], len(ids) - at)
        steps.append({"tokens": sequence_tokens(ids, 0, at, size), "page_tables": [table]})
        at += size
    return {"pages": 16, "steps": steps}


class TinyLlama(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.model = str(Path(cls.folder.name) / "tiny.gguf")
        make_tiny_llama.make(cls.model, make_tiny_llama.Options())
        cls.ids = np.random.default_rng(SEED).integers(3, 384, 75)
        cls.table = [9, 2, 5]
        cls.logits = run_steps(cls.model, chunked(cls.ids, [16], cls.table))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def distance(self, logits):
        wanted = numpy_llama.forward(numpy_llama.Model(self.model), self.ids)
        return np.abs(logits - wanted).max() / np.abs(wanted).max()

    def test_close_to_numpy(self):
        self.assertLess(self.distance(self.logits), TOLERANCE)

    def test_steps_of_any_size_give_equal_bits(self):
        for sizes in ([1], [3, 7], [5, 16, 2]):
            other = run_steps(self.model, chunked(self.ids, sizes, self.table))
            self.assertEqual(self.logits.tobytes(), other.tobytes(), f"step sizes {sizes}")

    def test_neighbours_change_no_bit(self):
        other = np.random.default_rng(SEED + 1).integers(3, 384, 40)
        steps = []
        for at in range(0, 40, 5):
            steps.append({"tokens": sequence_tokens(other, 1, at, 5, wants=False) + sequence_tokens(self.ids, 0, at, 5),
                          "page_tables": [self.table, [1, 12]]})
        logits = run_steps(self.model, {"pages": 16, "steps": steps})
        self.assertEqual(self.logits[:40].tobytes(), logits.tobytes())

    def test_mutations_are_far_off(self):
        for mutation in MUTATIONS:
            logits = run_steps(self.model, chunked(self.ids, [16], self.table), "--mutation", mutation)
            self.assertGreater(self.distance(logits), 2 * TOLERANCE, mutation)

    def test_bad_step_is_an_error(self):
        bad = {"pages": 16, "steps": [{"tokens": sequence_tokens(self.ids, 0, 0, 1), "page_tables": [[99]]}]}
        with tempfile.TemporaryDirectory() as folder:
            steps = Path(folder) / "steps.json"
            steps.write_text(json.dumps(bad))
            result = subprocess.run([REFERENCE, self.model, "--steps", str(steps), "--logits", folder + "/l.npy"],
                                    stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, 1)
            self.assertIn("slot 0 names page 99, there are 16", result.stderr)


class TinyMlp(unittest.TestCase):

    def test_close_to_numpy(self):
        weights = make_tiny_mlp.weights()
        x = np.random.default_rng(SEED).standard_normal((4, 64)).astype(np.float32)
        with tempfile.TemporaryDirectory() as folder:
            module, inputs = Path(folder) / "mlp.mlir", Path(folder) / "x.npy"
            module.write_text(make_tiny_mlp.module_text(weights))
            np.save(inputs, x)
            printed = subprocess.run([REFERENCE, str(module), "--quantise", "w8a8", "--print"], check=True, stdout=subprocess.PIPE, text=True)
            name = printed.stdout.split('dataflow.input = "')[1].split('"')[0]
            subprocess.run([REFERENCE, str(module), "--quantise", "w8a8", "--input", f"{name}={inputs}", "--output", folder + "/y"], check=True)
            got, wanted = np.load(folder + "/y.0.npy"), make_tiny_mlp.forward(weights, x)
        self.assertLess(np.abs(got - wanted).max() / np.abs(wanted).max(), TOLERANCE)


if __name__ == "__main__":
    REFERENCE = sys.argv.pop(1)
    print(f"seed {SEED}")
    unittest.main()
