# SPDX-License-Identifier: Apache-2.0
"""Writes what Hugging Face's transformers computes for tiny folders: NAME.npz beside this file, which
tests/peers/test_transformers.py holds our side to. Run it when a tiny model changes:

  $(scripts/python-environment tests/peers/transformers/requirements.txt .cache/transformers) \
      tests/peers/transformers/write_logits.py

That environment takes 800 MB, so no test makes it. It has the Flax classes of transformers, which need no PyTorch.
"""
import pathlib
import sys
import tempfile

import jax
import numpy as np
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "models"))
import tiny_models  # noqa: E402
from transformers_models import MODELS, TOKENS  # noqa: E402

CLASSES = {"gpt2": transformers.FlaxGPT2LMHeadModel, "llama": transformers.FlaxLlamaForCausalLM}


def main():
    jax.config.update("jax_default_matmul_precision", "highest")
    for name, options in MODELS.items():
        tokens = np.random.default_rng(options.seed).integers(0, options.vocabulary, TOKENS)
        with tempfile.TemporaryDirectory() as folder:
            tiny_models.make_folder(folder, options)
            model = CLASSES[name].from_pretrained(folder)
            logits = np.asarray(model(tokens[None]).logits[0])
        np.savez(HERE / f"{name}.npz", tokens=tokens, logits=logits, transformers=transformers.__version__)
        print(f"{name}: {logits.shape}, largest {np.abs(logits).max():.3f}")


if __name__ == "__main__":
    main()
