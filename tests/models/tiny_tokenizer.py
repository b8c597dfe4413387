# SPDX-License-Identifier: Apache-2.0
"""The tokenizer of the tiny models: a byte-level BPE trained on a few lines of English."""

SPECIAL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}")
CORPUS = """the quick brown fox jumps over the lazy dog and then the other dog runs after it
a compiler turns a model into a stream of data and the stream into a design that a card can run
there is nothing in the world that a little time and a little thought can not make a little better
when the rain came down in the morning the people of the town went back into their houses
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
she said that he had read the letter and that they should answer it before the end of the day
""" * 2


def byte_alphabet():
    """The printable character that stands for each byte in a byte-level vocabulary."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {byte: chr(byte) for byte in printable}
    for byte in range(256):
        if byte not in letters:
            letters[byte] = chr(256 + len(letters) - len(printable))
    return [letters[byte] for byte in range(256)]


def train_bpe(text, count):
    """The `count` most frequent merges, one after another; ties go to the alphabetically first."""
    letters = byte_alphabet()
    words = {}
    for line in text.splitlines():
        for i, word in enumerate(line.split(" ")):
            spelled = tuple(letters[b] for b in ((" " if i else "") + word).encode())
            words[spelled] = words.get(spelled, 0) + 1
    merges = []
    while len(merges) < count:
        pairs = {}
        for word, number in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + number
        if not pairs:
            raise SystemExit(f"the corpus has only {len(merges)} merges, {count} are wanted")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        joined = {}
        for word, number in words.items():
            out, i = [], 0
            while i < len(word):
                if word[i:i + 2] == best:
                    out.append(word[i] + word[i + 1])
                    i += 2
                else:
                    out.append(word[i])
                    i += 1
            joined[tuple(out)] = joined.get(tuple(out), 0) + number
        words = joined
    return merges


def tokenizer_metadata(vocabulary, pre_tokenizer):
    """The `tokenizer.` keys of a GGUF file with so many tokens."""
    least = 256 + len(SPECIAL_TOKENS)
    if vocabulary < least:
        raise SystemExit(f"a vocabulary of {vocabulary} is too small: {least} at least")
    merges = train_bpe(CORPUS, vocabulary - least)
    tokens = SPECIAL_TOKENS + byte_alphabet() + [left + right for left, right in merges]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre_tokenizer,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [3] * len(SPECIAL_TOKENS) + [1] * (len(tokens) - len(SPECIAL_TOKENS)),
        "tokenizer.ggml.merges": [f"{left} {right}" for left, right in merges],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.padding_token_id": 2,
        "tokenizer.ggml.add_bos_token": False,
        "tokenizer.ggml.add_space_prefix": False,
        "tokenizer.chat_template": CHAT_TEMPLATE,
    }
