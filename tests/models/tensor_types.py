# SPDX-License-Identifier: Apache-2.0
"""Element types of tensors in GGUF files, written and read in numpy: encode() and decode().

Both are written from the description of the types. The encoders round as plainly as the type allows; what
a good quantiser would do better is no matter here.
"""
import numpy as np

# Name -> number in the file, elements and bytes of a block.
TYPES = {
    "F32": (0, 1, 4),
    "F16": (1, 1, 2),
    "BF16": (30, 1, 2),
    "Q4_0": (2, 32, 18),
    "Q4_1": (3, 32, 20),
    "Q5_0": (6, 32, 22),
    "Q5_1": (7, 32, 24),
    "Q8_0": (8, 32, 34),
    "Q4_K": (12, 256, 144),
    "Q5_K": (13, 256, 176),
    "Q6_K": (14, 256, 210),
}
NUMBERS = {number: name for name, (number, _, _) in TYPES.items()}


def f16(values):
    """float16 as bytes, one row of two an element."""
    return np.ascontiguousarray(values, dtype="<f2").reshape(-1, 1).view(np.uint8)


def from_f16(raw):
    return np.ascontiguousarray(raw).view("<f2").astype(np.float32)


def rounded(values):
    """As float16 has them."""
    return values.astype(np.float16).astype(np.float32)


def integers(values, scale, low, high):
    """The integers nearest to values / scale (0 where the scale is)."""
    scale = np.broadcast_to(scale, values.shape)
    return np.clip(np.rint(np.divide(values, scale, out=np.zeros_like(values), where=scale != 0)), low, high)


def pack_nibbles(q):
    """[blocks, 32]: element i in the low half of byte i, element i + 16 in the high half."""
    return (q[:, :16] | (q[:, 16:] << 4)).astype(np.uint8)


def unpack_nibbles(packed):
    return np.concatenate([packed & 15, packed >> 4], axis=1)


def pack_bits(bits):
    """[blocks, 32] of 0 and 1: element i is bit i of a little-endian word."""
    return np.packbits(bits.astype(np.uint8), axis=1, bitorder="little")


def unpack_bits(packed):
    return np.unpackbits(np.ascontiguousarray(packed), axis=1, bitorder="little")


# ---- blocks of 32 -------------------------------------------------------------------------------------


def encode_symmetric(x, half):
    """Q4_0 (half 8) and Q5_0 (half 16): value = d * (q - half); the largest element is at -half."""
    extreme = np.take_along_axis(x, np.abs(x).argmax(axis=1)[:, None], axis=1)[:, 0]
    d = rounded(extreme / -half)
    q = (integers(x, d[:, None], -half, half - 1) + half).astype(np.uint8)
    bits = [pack_bits(q >> 4)] if half == 16 else []
    return np.concatenate([f16(d), *bits, pack_nibbles(q & 15)], axis=1)


def encode_with_minimum(x, largest):
    """Q4_1 (15) and Q5_1 (31): value = d * q + m."""
    low = x.min(axis=1)
    d, m = rounded((x.max(axis=1) - low) / largest), rounded(low)
    q = integers(x - m[:, None], d[:, None], 0, largest).astype(np.uint8)
    bits = [pack_bits(q >> 4)] if largest == 31 else []
    return np.concatenate([f16(d), f16(m), *bits, pack_nibbles(q & 15)], axis=1)


def encode_q8_0(x):
    d = rounded(np.abs(x).max(axis=1) / 127)
    q = integers(x, d[:, None], -127, 127).astype(np.int8)
    return np.concatenate([f16(d), q.view(np.uint8)], axis=1)


def decode_32(raw, name):
    d = from_f16(raw[:, 0:2])
    if name == "Q8_0":
        return raw[:, 2:].view(np.int8).astype(np.float32) * d
    q = unpack_nibbles(raw[:, -16:]).astype(np.float32)
    if name.startswith("Q5"):
        q += 16 * unpack_bits(raw[:, -20:-16])
    if name.endswith("_0"):
        return (q - (8 if name == "Q4_0" else 16)) * d
    return q * d + from_f16(raw[:, 2:4])


# ---- blocks of 256 ------------------------------------------------------------------------------------


def pack_sixes(scales, minimums):
    """Eight scales and eight minimums of 6 bits each in 12 bytes."""
    s, t = scales.astype(np.uint8), minimums.astype(np.uint8)
    return np.concatenate([
        s[:, :4] | (s[:, 4:] >> 4) << 6,
        t[:, :4] | (t[:, 4:] >> 4) << 6,
        (s[:, 4:] & 15) | (t[:, 4:] & 15) << 4,
    ], axis=1)


def unpack_sixes(packed):
    a, b, c = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = np.concatenate([a & 63, (c & 15) | (a >> 6) << 4], axis=1)
    minimums = np.concatenate([b & 63, (c >> 4) | (b >> 6) << 4], axis=1)
    return scales, minimums


def encode_fine(x, largest):
    """Q4_K (15) and Q5_K (31): in each of 8 groups value = d * s * q - e * t, with s and t of 6 bits."""
    groups = x.reshape(-1, 8, 32)
    low = np.minimum(groups.min(axis=2), 0)
    step = (groups.max(axis=2) - low) / largest
    d, e = rounded(step.max(axis=1) / 63), rounded(-low.min(axis=1) / 63)
    s, t = integers(step, d[:, None], 0, 63), integers(-low, e[:, None], 0, 63)
    scale, minimum = d[:, None] * s, e[:, None] * t
    q = integers(groups + minimum[:, :, None], scale[:, :, None], 0, largest).astype(np.uint8)
    # Groups 2i and 2i + 1 are the low and the high halves of 32 bytes.
    nibbles = (q[:, 0::2] & 15) | (q[:, 1::2] & 15) << 4
    bits = []
    if largest == 31:  # bit g of byte i is element i of group g
        bits = [np.packbits(q >> 4, axis=1, bitorder="little").reshape(-1, 32)]
    return np.concatenate([f16(d), f16(e), pack_sixes(s, t), *bits, nibbles.reshape(-1, 128)], axis=1)


def decode_fine(raw, name):
    d, e = from_f16(raw[:, 0:2]), from_f16(raw[:, 2:4])
    s, t = unpack_sixes(raw[:, 4:16])
    packed = raw[:, -128:].reshape(-1, 4, 32)
    q = np.stack([packed & 15, packed >> 4], axis=2).reshape(-1, 8, 32).astype(np.float32)
    if name == "Q5_K":
        q += 16 * np.unpackbits(np.ascontiguousarray(raw[:, 16:48]).reshape(-1, 1, 32), axis=1, bitorder="little")
    return (d * s)[:, :, None] * q - (e * t)[:, :, None]


def encode_q6_k(x):
    """In each of 16 groups value = d * s * (q - 32), s a signed byte."""
    groups = x.reshape(-1, 16, 16)
    extreme = np.take_along_axis(groups, np.abs(groups).argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    step = extreme / -32
    d = rounded(np.abs(step).max(axis=1) / 127)
    s = integers(step, d[:, None], -127, 127)
    q = integers(groups, (d[:, None] * s)[:, :, None], -32, 31).astype(np.int16) + 32
    # Element 128 h + 32 r + i: nibble r // 2 of byte 64 h + 32 (r % 2) + i, bit pair r of byte 32 h + i.
    q = q.astype(np.uint8).reshape(-1, 2, 4, 32)
    nibbles = (q[:, :, 0:2] & 15) | (q[:, :, 2:4] & 15) << 4
    pairs = sum((q[:, :, r] >> 4) << 2 * r for r in range(4))
    return np.concatenate(
        [nibbles.reshape(-1, 128), pairs.reshape(-1, 64), s.astype(np.int8).view(np.uint8), f16(d)], axis=1)


def decode_q6_k(raw):
    nibbles, pairs = raw[:, :128].reshape(-1, 2, 2, 32), raw[:, 128:192].reshape(-1, 2, 1, 32)
    s = raw[:, 192:208].view(np.int8).astype(np.float32)
    low = np.concatenate([nibbles & 15, nibbles >> 4], axis=2)
    high = pairs >> np.array([0, 2, 4, 6], dtype=np.uint8)[None, None, :, None] & 3
    q = (low | high << 4).astype(np.float32).reshape(-1, 16, 16) - 32
    return (from_f16(raw[:, 208:210]) * s)[:, :, None] * q


# ---- all ----------------------------------------------------------------------------------------------


def encode(values, name):
    """Bytes of a tensor whose rows are a multiple of the type's block."""
    values = np.ascontiguousarray(values, dtype=np.float32)
    if name not in TYPES:
        raise SystemExit(f"unknown tensor type '{name}': {', '.join(TYPES)} can be written")
    if name == "F32":
        return values.astype("<f4").tobytes()
    if name == "F16":
        return values.astype("<f2").tobytes()
    if name == "BF16":  # round half to even on the upper 16 bits
        bits = values.view(np.uint32)
        return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").tobytes()
    elements = TYPES[name][1]
    if values.shape[-1] % elements:
        raise SystemExit(f"rows of {values.shape[-1]} elements can't be {name}, which has blocks of {elements}")
    x = values.reshape(-1, elements)
    encoders = {
        "Q4_0": lambda: encode_symmetric(x, 8), "Q5_0": lambda: encode_symmetric(x, 16),
        "Q4_1": lambda: encode_with_minimum(x, 15), "Q5_1": lambda: encode_with_minimum(x, 31),
        "Q8_0": lambda: encode_q8_0(x), "Q6_K": lambda: encode_q6_k(x),
        "Q4_K": lambda: encode_fine(x, 15), "Q5_K": lambda: encode_fine(x, 31),
    }
    blocks = encoders[name]()
    assert blocks.shape == (len(x), TYPES[name][2])
    return blocks.tobytes()


def decode(raw, name, shape):
    """float32 of bytes (an array of uint8)."""
    if name == "F32":
        return raw.view("<f4").reshape(shape).astype(np.float32)
    if name == "F16":
        return raw.view("<f2").reshape(shape).astype(np.float32)
    if name == "BF16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(shape)
    blocks = raw.reshape(-1, TYPES[name][2])
    if name == "Q6_K":
        return decode_q6_k(blocks).reshape(shape)
    if name in ("Q4_K", "Q5_K"):
        return decode_fine(blocks, name).reshape(shape)
    return decode_32(blocks, name).reshape(shape)
