# SPDX-License-Identifier: Apache-2.0
"""llama.cpp behind JSON lines, run in an environment of its own (.cache/peers).

  {"logprobs": [ids]}          ->  {"logprobs": [...]}           of ids[1:], natural logarithms
  {"greedy": [ids], "count": n} -> {"ids": [...], "gaps": [...]}  gap: top logit less the second
  {"logits": [ids]}             -> {"logits": [[...], ...]}      of every position
  {"model": path}               -> {"vocabulary": n}             which the next requests are for
  {"tokenize": [text, ...], "special": bool} -> {"ids": [[...], ...]}  special: whether names of special tokens count
Usage: llama_cpp_peer.py MODEL.gguf CONTEXT [THREADS]   (MODEL may be "-": one is asked for)
"""

import ctypes
import glob
import importlib.util
import json
import os
import sys

import numpy

BATCH = 512


class Parameters(ctypes.Structure):
    """llama_model_params or llama_context_params, of which only the first words are used. It is wider than
    either, which the calling convention allows: both are passed in memory, and read no further than they reach."""

    _fields_ = [("words", ctypes.c_uint32 * 128)]


class Batch(ctypes.Structure):
    _fields_ = [
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", ctypes.c_void_p),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    ]


def load_library(path=None):
    """llama.cpp's C interface from a shared library; without a path, from the one inside xllamacpp."""
    if path is None:
        folder = os.path.dirname(importlib.util.find_spec("xllamacpp").origin)
        (path,) = glob.glob(os.path.join(folder, "xllamacpp*.so"))
    library = ctypes.PyDLL(path)
    pointer, integer = ctypes.c_void_p, ctypes.c_int32
    for name, result, arguments in [
        ("llama_backend_init", None, []),
        ("llama_model_default_params", Parameters, []),
        ("llama_context_default_params", Parameters, []),
        ("llama_model_load_from_file", pointer, [ctypes.c_char_p, Parameters]),
        ("llama_init_from_model", pointer, [pointer, Parameters]),
        ("llama_set_n_threads", None, [pointer, integer, integer]),
        ("llama_model_get_vocab", pointer, [pointer]),
        ("llama_vocab_n_tokens", integer, [pointer]),
        ("llama_tokenize", integer,
         [pointer, ctypes.c_char_p, integer, ctypes.POINTER(integer), integer, ctypes.c_bool, ctypes.c_bool]),
        ("llama_batch_init", Batch, [integer, integer, integer]),
        ("llama_batch_free", None, [Batch]),
        ("llama_decode", integer, [pointer, Batch]),
        ("llama_get_logits_ith", ctypes.POINTER(ctypes.c_float), [pointer, integer]),
        ("llama_get_memory", pointer, [pointer]),
        ("llama_memory_clear", None, [pointer, ctypes.c_bool]),
    ]:
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Peer:
    """One model. `context`: tokens of each of `sequences` sequences."""

    def __init__(self, path, context, threads, sequences=1, library=None):
        self.library = load_library(library)
        self.library.llama_backend_init()
        parameters = self.library.llama_model_default_params()
        self.model = self.library.llama_model_load_from_file(path.encode(), parameters)
        if not self.model:
            raise RuntimeError(f"llama.cpp does not load {path}")
        parameters = self.library.llama_context_default_params()
        # n_ctx, n_batch, n_ubatch, n_seq_max
        parameters.words[0], parameters.words[1], parameters.words[2] = context * sequences, BATCH, BATCH
        parameters.words[3] = sequences
        self.context = self.library.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError(f"llama.cpp makes no context of {context} tokens")
        self.library.llama_set_n_threads(self.context, threads, threads)
        self.vocab = self.library.llama_model_get_vocab(self.model)
        self.vocabulary = self.library.llama_vocab_n_tokens(self.vocab)

    def evaluate(self, ids, first):
        """Logits of every token of `ids`, at positions first, first + 1 ..."""
        rows = []
        for begin in range(0, len(ids), BATCH):
            chunk = ids[begin : begin + BATCH]
            batch = self.library.llama_batch_init(len(chunk), 0, 1)
            batch.n_tokens = len(chunk)
            for i, token in enumerate(chunk):
                batch.token[i] = token
                batch.pos[i] = first + begin + i
                batch.n_seq_id[i] = 1
                batch.seq_id[i][0] = 0
                batch.logits[i] = 1
            code = self.library.llama_decode(self.context, batch)
            if code != 0:
                raise RuntimeError(f"llama_decode: {code}")
            for i in range(len(chunk)):
                row = self.library.llama_get_logits_ith(self.context, i)
                rows.append(numpy.ctypeslib.as_array(row, (self.vocabulary,)).copy())
            self.library.llama_batch_free(batch)
        return numpy.stack(rows)

    def clear(self):
        self.library.llama_memory_clear(self.library.llama_get_memory(self.context), True)

    def tokenize(self, text, special):
        """Without tokens that a model wants added."""
        raw = text.encode()
        ids = (ctypes.c_int32 * (len(raw) + 1))()
        count = self.library.llama_tokenize(self.vocab, raw, len(raw), ids, len(ids), False, special)
        if count < 0:
            raise RuntimeError(f"llama_tokenize: {count}")
        return list(ids[:count])

    def logits(self, ids):
        self.clear()
        return self.evaluate(ids, 0)

    def logprobs(self, ids):
        logits = self.logits(ids)[:-1].astype(numpy.float64)
        top = logits.max(axis=1)
        total = top + numpy.log(numpy.exp(logits - top[:, None]).sum(axis=1))
        return {"logprobs": (logits[numpy.arange(len(ids) - 1), ids[1:]] - total).tolist()}

    def greedy(self, ids, count):
        self.clear()
        out, gaps = [], []
        logits, position = self.evaluate(ids, 0)[-1], len(ids)
        while True:
            second, best = numpy.sort(numpy.partition(logits, -2)[-2:])
            out.append(int(logits.argmax()))
            gaps.append(float(best - second))
            if len(out) == count:
                return {"ids": out, "gaps": gaps}
            logits, position = self.evaluate([out[-1]], position)[0], position + 1


def main():
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    peer = Peer(sys.argv[1], int(sys.argv[2]), threads) if sys.argv[1] != "-" else None
    for line in sys.stdin:
        request = json.loads(line)
        if "greedy" in request:
            answer = peer.greedy(request["greedy"], request["count"])
        elif "logits" in request:
            answer = {"logits": peer.logits(request["logits"]).tolist()}
        elif "model" in request:
            peer = Peer(request["model"], int(sys.argv[2]), threads)
            answer = {"vocabulary": peer.vocabulary}
        elif "tokenize" in request:
            answer = {"ids": [peer.tokenize(text, request["special"]) for text in request["tokenize"]]}
        else:
            answer = peer.logprobs(request["logprobs"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
