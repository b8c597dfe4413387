# SPDX-License-Identifier: Apache-2.0
"""Writes what Hugging Face's transformers computes for tiny folders: NAME.npz beside this file, which
tests/peers/test_transformers.py holds our side to. Run it when a tiny model changes, with transformers beside the PyTorch of
scripts/torch-environment:

  PYTHONPATH=$(dirname "$(scripts/torch-environment)")/../lib/python3.11/site-packages \\
      $(scripts/python-environment tests/peers/transformers/requirements.txt .cache/transformers) \\
      tests/peers/transformers/write_logits.py [NAME...]

Those environments take 2 GB, so no test makes them.
"""
import pathlib
import sys
import tempfile

import numpy as np
import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "models"))
import tiny_models  # noqa: E402
from transformers_models import MODELS, PROMPT, STEPS, TOKENS  # noqa: E402


def main():
    for name in sys.argv[1:] or MODELS:
        options = MODELS[name]
        tokens = np.random.default_rng(options.seed).integers(0, options.vocabulary, TOKENS)
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            tiny_models.make_folder(folder, options)
            model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                                      attn_implementation="eager")
            logits = model(torch.from_numpy(tokens[None])).logits[0].numpy()
            reply = tokens[:PROMPT]
            for _ in range(STEPS):
                reply = np.append(reply, model(torch.from_numpy(reply[None])).logits[0, -1].argmax().item())
        np.savez(HERE / f"{name}.npz", tokens=tokens, logits=logits, reply=reply[PROMPT:],
                 transformers=transformers.__version__)
        print(f"{name}: {logits.shape}, largest {np.abs(logits).max():.3f}")


if __name__ == "__main__":
    main()
