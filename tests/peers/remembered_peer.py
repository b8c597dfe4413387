# SPDX-License-Identifier: Apache-2.0
"""llama.cpp's answers about one model, asked for once: they depend on the model, on the peer and on the question, and
are kept under all three in .cache/peer-answers. Without that folder all are asked for anew."""

import hashlib
import json
import os
import pathlib

from llama_cpp_process import ROOT, LlamaCpp

HERE = pathlib.Path(__file__).resolve().parent


class RememberedPeer:
    def __init__(self, context, model):
        self.context, self.model = context, model
        self.peer = None  # started by the first question that has no answer yet
        with open(model, "rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        for name in ("requirements.txt", "llama_cpp_peer.py", "llama_cpp_process.py"):
            digest.update((HERE / name).read_bytes())
        digest.update(str(context).encode())
        self.digest = digest
        self.folder = ROOT / ".cache" / "peer-answers"
        self.folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.peer is not None:
            self.peer.close()

    def ask(self, **request):
        key = self.digest.copy()
        key.update(json.dumps(request, sort_keys=True).encode())
        place = self.folder / f"{key.hexdigest()}.json"
        if place.exists():
            return json.loads(place.read_text())
        if self.peer is None:
            self.peer = LlamaCpp(self.context, self.model)
        answer = self.peer.ask(**request)
        partly = place.with_suffix(f".{os.getpid()}")
        partly.write_text(json.dumps(answer))
        os.replace(partly, place)
        return answer
