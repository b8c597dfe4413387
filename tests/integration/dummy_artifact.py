# SPDX-License-Identifier: Apache-2.0
"""An artifact for dummy cards: manifest and tokenizer, all that such a card reads."""

from daemon import protos

CHAT_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a test.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "w"), ("o", "r"), ("Ġw", "or")]


def byte_alphabet():
    """The printable character of each byte, as byte-level tokenizers spell it."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(b) if b in printable else chr(next(others)) for b in range(256)]


def write_artifact(folder, max_context=512, step_tokens=16, vocabulary=None):
    """manifest.json and tokenizer.bin: all that a dummy card reads."""
    from google.protobuf import json_format

    manifest_pb2, tokenizer_pb2 = protos().manifest_pb, protos().tokenizer_pb

    tokenizer = tokenizer_pb2.Tokenizer(
        format_version=1,
        kind=tokenizer_pb2.Tokenizer.KIND_BYTE_LEVEL_BPE,
        pre_tokenizer=tokenizer_pb2.Tokenizer.PRE_TOKENIZER_DIGITS_WORDS,
        bos_token_id=1,
        eos_token_id=2,
        chat_template=CHAT_TEMPLATE,
        end_of_generation_ids=[0, 2],
    )
    for text in SPECIALS:
        tokenizer.pieces.add(text=text.encode(), type=tokenizer_pb2.Piece.TYPE_CONTROL)
    for text in [*byte_alphabet(), *(left + right for left, right in MERGES)]:
        tokenizer.pieces.add(text=text.encode(), type=tokenizer_pb2.Piece.TYPE_NORMAL)
    for index in range(len(tokenizer.pieces), vocabulary or 0):
        tokenizer.pieces.add(text=f"unused{index}".encode(), type=tokenizer_pb2.Piece.TYPE_NORMAL)
    for left, right in MERGES:
        tokenizer.merges.add(left=left.encode(), right=right.encode())

    role = manifest_pb2.Argument
    layers, kv_heads, head_dim = 1, 1, 16
    page_bytes = layers * kv_heads * 32 * head_dim * 2
    max_pages = (max_context + 31) // 32
    vocabulary = len(tokenizer.pieces)
    arguments = [
        ("descriptor", role.ROLE_DESCRIPTOR, 4 * (16 + step_tokens * (8 + max_pages)), 0),
        ("status", role.ROLE_STATUS, 64, 0),
        ("logits", role.ROLE_LOGITS, 4 * step_tokens * vocabulary, vocabulary),
        ("k_read", role.ROLE_K_READ, page_bytes, 0),
        ("v_read", role.ROLE_V_READ, page_bytes, 0),
        ("k_write", role.ROLE_K_WRITE, page_bytes, 0),
        ("v_write", role.ROLE_V_WRITE, page_bytes, 0),
    ]
    manifest = manifest_pb2.Manifest(
        format_version=1,
        model_name="tiny",
        compiler_version="test",
        target=manifest_pb2.Manifest.TARGET_EMULATION,
        platform="u55c",
        kernel=manifest_pb2.Kernel(
            name="streamtensor_step",
            arguments=[
                manifest_pb2.Argument(index=i, name=name, role=r, bytes=size, width=width)
                for i, (name, r, size, width) in enumerate(arguments)
            ],
        ),
        launch=manifest_pb2.Launch(
            descriptor_version=1, step_tokens=step_tokens, step_logits=step_tokens, header_words=16, token_words=8,
            max_pages=max_pages,
        ),
        decoder=manifest_pb2.Decoder(
            architecture="llama", layers=layers, hidden=16, vocabulary=vocabulary, query_heads=1, kv_heads=kv_heads,
            head_dim=head_dim, max_context=max_context,
            kv=manifest_pb2.KvPages(page_tokens=32, page_bytes=page_bytes),
        ),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.bin").write_bytes(tokenizer.SerializeToString())
    (folder / "manifest.json").write_text(json_format.MessageToJson(manifest, preserving_proto_field_name=True))
    return folder
