# SPDX-License-Identifier: Apache-2.0
"""Shapes that models have beside those of a Llama block, in the types of the module and on the INT engine: the card's bits
are those of the JIT of the ordered module, and its values what numpy computes."""
import numpy as np
import pytest

from programs import call, make_tiny_mlp, same_bits

from huggingface_folder import write_safetensors

RNG = np.random.default_rng(9)


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


class Body:
    """The text of a module with one argument %x of `rows` rows (None: as many as there are), and its parts."""

    def __init__(self, rows, width):
        self.rows, self.width = rows, width
        self.arguments = []  # weights of the file beside the module, behind %x
        self.lines = ["%zero = arith.constant 0.0 : f32"]
        if rows is None:
            self.lines += ["%c0 = arith.constant 0 : index", f"%t = tensor.dim %x, %c0 : {self.type(width)}"]
        self.count = 0

    def type(self, *columns):
        return f"tensor<{'x'.join(map(str, ['?' if self.rows is None else self.rows, *columns]))}xf32>"

    def line(self, text):
        self.count += 1
        self.lines.append(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def constant(self, values):
        return self.line(f"arith.constant {make_tiny_mlp.dense(values)} : tensor<{'x'.join(map(str, values.shape))}xf32>")

    def empty(self, *columns):
        return self.line(f"tensor.empty({'%t' if self.rows is None else ''}) : {self.type(*columns)}")

    def fill(self, *columns, value="%zero"):
        return self.line(f"linalg.fill ins({value} : f32) outs({self.empty(*columns)} : {self.type(*columns)}) -> "
                         f"{self.type(*columns)}")

    def product(self, x, weight):
        """x [T, K] times a constant [K, N]."""
        k, n = weight.shape
        return self.line(f"linalg.matmul ins({x}, {self.constant(weight)} : {self.type(k)}, tensor<{k}x{n}xf32>) "
                         f"outs({self.fill(n)} : {self.type(n)}) -> {self.type(n)}")

    def map(self, operands, width, body, results=1, vectors=()):
        """A generic over [T, width] of tensors of that shape and constants [width]; body yields from %a0, %a1, ..."""
        names = [f"%a{i}" for i in range(len(operands) + len(vectors) + results)]
        maps = ["#element"] * len(operands) + ["#column"] * len(vectors) + ["#element"] * results
        kinds = [self.type(width)] * len(operands) + [f"tensor<{width}xf32>"] * len(vectors)
        outs = [self.empty(width) for _ in range(results)]
        types = ", ".join([self.type(width)] * results)
        made = self.line(
            f'linalg.generic {{indexing_maps = [{", ".join(maps)}], iterator_types = ["parallel", "parallel"]}} '
            f"ins({', '.join([*operands, *vectors])} : {', '.join(kinds)}) outs({', '.join(outs)} : {types}) {{\n"
            f"^bb0({', '.join(f'{n}: f32' for n in names)}):\n{body}\n}} -> "
            + (types if results == 1 else f"({types})"))
        if results > 1:
            self.lines[-1] = self.lines[-1].replace(made, f"{made}:{results}", 1)
        return made

    def biased_relu(self, x, bias):
        return self.map([x], len(bias), "%s = arith.addf %a0, %a1 : f32\n%r = arith.maximumf %s, %zero : f32\nlinalg.yield %r : f32",
                        vectors=[self.constant(bias)])

    def sum_rows(self, x, width, start):
        """[T] sums of the rows of x, from `start`."""
        return self.line(
            f'linalg.generic {{indexing_maps = [#element, #row], iterator_types = ["parallel", "reduction"]}} ins({x} : '
            f"{self.type(width)}) outs({start} : {self.type()}) {{\n^bb0(%a: f32, %b: f32):\n%s = arith.addf %a, %b : f32\n"
            f"linalg.yield %s : f32\n}} -> {self.type()}")

    def divide_rows(self, x, width, sums):
        return self.line(
            f'linalg.generic {{indexing_maps = [#element, #row, #element], iterator_types = ["parallel", "parallel"]}} '
            f"ins({x}, {sums} : {self.type(width)}, {self.type()}) outs({self.empty(width)} : {self.type(width)}) {{\n"
            "^bb0(%a: f32, %b: f32, %o: f32):\n%q = arith.divf %a, %b : f32\nlinalg.yield %q : f32\n"
            f"}} -> {self.type(width)}")

    def text(self, *results):
        """`results`: names and types."""
        types = ", ".join(kind for _, kind in results)
        x = f"%x: {self.type(self.width)}" + " {streamtensor.input = \"x\"}" * bool(self.arguments)
        return ("#element = affine_map<(t, k) -> (t, k)>\n#column = affine_map<(t, k) -> (k)>\n#row = affine_map<(t, k) -> (t)>\n"
                + 'module attributes {streamtensor.weights = "model.safetensors"} {\n' * bool(self.arguments)
                + f"func.func @main({', '.join([x, *self.arguments])}) -> ({types}) {{\n" + "\n".join(self.lines)
                + f"\nreturn {', '.join(name for name, _ in results)} : {types}\n}}\n" + "}\n" * bool(self.arguments))


def softmax(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


EXP = "%e = math.exp %a0 : f32\nlinalg.yield %e : f32"


def odd_widths(rows):
    """Products of widths that fit neither the engine's groups of 32 nor its tiles of 16, within the module."""
    w1, b1, w2, b2 = normal(40, 10), normal(10), normal(10, 7), normal(7)
    m = Body(rows, 40)
    h = m.biased_relu(m.product("%x", w1), b1)
    y = m.biased_relu(m.product(h, w2), b2)
    return m.text((y, m.type(7))), lambda x: [np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0)]


def short_sums(rows):
    """A softmax over fewer than 16 columns."""
    w = normal(32, 5)
    m = Body(rows, 32)
    e = m.map([m.product("%x", w * np.float32(0.2))], 5, EXP)
    y = m.divide_rows(e, 5, m.sum_rows(e, 5, m.fill()))
    return m.text((y, m.type(5))), lambda x: [softmax(x @ (w * np.float32(0.2)))]


def equal_results(rows):
    """An operation with two results of one type: two itensor.empty that are not one."""
    w = normal(32, 16)
    m = Body(rows, 32)
    both = m.map([m.product("%x", w)], 16, "%p = arith.addf %a0, %a0 : f32\n%q = arith.negf %a0 : f32\n"
                 "linalg.yield %p, %q : f32, f32", results=2)
    y = m.map([f"{both}#0", f"{both}#1"], 16, "%r = arith.mulf %a0, %a1 : f32\nlinalg.yield %r : f32")
    return (m.text((f"{both}#0", m.type(16)), (f"{both}#1", m.type(16)), (y, m.type(16))),
            lambda x: [2 * (x @ w), -(x @ w), -2 * (x @ w) ** 2])


def slice_of_a_fill(rows):
    """What a sum starts from is a slice of a wider fill."""
    w = normal(32, 20)
    m = Body(rows, 32)
    m.lines.append("%one = arith.constant 1.0 : f32")
    size = "%t" if rows is None else rows
    wide = m.fill(3, value="%one")
    start = m.line(f"tensor.extract_slice {wide}[0, 1] [{size}, 1] [1, 1] : {m.type(3)} to {m.type()}")
    sums = m.sum_rows(m.product("%x", w), 20, start)
    y = m.line(f"tensor.expand_shape {sums} [[0, 1]] output_shape [{size}, 1] : {m.type()} into {m.type(1)}")
    return m.text((y, m.type(1))), lambda x: [1 + (x @ w).sum(-1, keepdims=True)]


def one_weight_twice(rows):
    """y = relu(x W) W^T, W a constant that stands once in the module."""
    w = normal(32, 48) * np.float32(0.2)
    m = Body(rows, 32)
    constant = m.constant(w)
    p = m.line(f"linalg.matmul ins(%x, {constant} : {m.type(32)}, tensor<32x48xf32>) outs({m.fill(48)} : {m.type(48)}) -> "
               f"{m.type(48)}")
    h = m.biased_relu(p, np.zeros(48, np.float32) + np.float32(0.5))
    y = m.line(f"linalg.matmul_transpose_b ins({h}, {constant} : {m.type(48)}, tensor<32x48xf32>) outs({m.fill(32)} : "
               f"{m.type(32)}) -> {m.type(32)}")
    return m.text((y, m.type(32))), lambda x: [np.maximum(x @ w + np.float32(0.5), 0) @ w.T]


def results_of_several_ranks(rows):
    """One result a row and one a row's sum."""
    w = normal(64, 24)
    m = Body(rows, 64)
    p = m.product("%x", w)
    sums = m.sum_rows(p, 24, m.fill())
    size = "%t" if rows is None else rows
    y = m.line(f"tensor.expand_shape {sums} [[0, 1]] output_shape [{size}, 1] : {m.type()} into {m.type(1)}")
    return m.text((p, m.type(24)), (y, m.type(1))), lambda x: [x @ w, (x @ w).sum(-1, keepdims=True)]


def attention_on_a_computed_value(rows):
    """softmax(q k^T) v, where v is no product but computed of one. All rows see each other: of a fixed number alone."""
    wq, wk, wv = (normal(32, 12) * np.float32(0.15) for _ in range(3))
    m = Body(rows, 32)
    q, k = m.product("%x", wq), m.product("%x", wk)
    v = m.map([m.product("%x", wv)], 12, "%h = math.tanh %a0 : f32\nlinalg.yield %h : f32")
    scores = m.line(f"linalg.matmul_transpose_b ins({q}, {k} : {m.type(12)}, {m.type(12)}) outs({m.fill(rows)} : "
                    f"{m.type(rows)}) -> {m.type(rows)}")
    e = m.map([scores], rows, EXP)
    p = m.divide_rows(e, rows, m.sum_rows(e, rows, m.fill()))
    y = m.line(f"linalg.matmul ins({p}, {v} : {m.type(rows)}, {m.type(12)}) outs({m.fill(12)} : {m.type(12)}) -> {m.type(12)}")
    return m.text((y, m.type(12))), lambda x: [softmax((x @ wq) @ (x @ wk).T) @ np.tanh(x @ wv)]


def names_that_text_has(rows):
    """Weights whose names are no identifiers of C++, or those of its words; and constants small and large without names."""
    m, weights, x = Body(rows, 64), [normal(64, 66) * np.float32(0.1) for _ in range(3)], "%x"
    b1, b2 = normal(66), normal(64)
    named = {"0.weight": weights[0], "int": weights[1]}
    for i, name in enumerate(named):
        m.arguments.append(f'%w{i}: tensor<64x66xf32> {{streamtensor.weight = "{name}"}}')
        x = m.line(f"linalg.matmul ins({x}, %w{i} : {m.type(64)}, tensor<64x66xf32>) outs({m.fill(66)} : {m.type(66)}) -> "
                   f"{m.type(66)}")
        x = m.line(f"tensor.extract_slice {x}[0, 0] [{'%t' if rows is None else rows}, 64] [1, 1] : {m.type(66)} to {m.type(64)}")
        x = m.map([x], 64, "%h = arith.addf %a0, %a1 : f32\nlinalg.yield %h : f32", vectors=[m.constant(b2 + np.float32(i))])
    y = m.biased_relu(m.product(x, weights[2]), b1)
    def expected(x):
        for i, w in enumerate(weights[:2]):
            x = (x @ w)[:, :64] + b2 + np.float32(i)
        return [np.maximum(x @ weights[2] + b1, 0)]

    expected.weights = named
    return m.text((y, m.type(66))), expected


def weight_of_one_value(rows):
    """All elements of a weight are alike: a splat."""
    m = Body(rows, 32)
    w = m.line("arith.constant dense<0.375> : tensor<32x16xf32>")
    p = m.line(f"linalg.matmul ins(%x, {w} : {m.type(32)}, tensor<32x16xf32>) outs({m.fill(16)} : {m.type(16)}) -> {m.type(16)}")
    y = m.biased_relu(p, normal(16) * 0 + np.float32(0.5))
    return m.text((y, m.type(16))), lambda x: [np.maximum(x @ np.full((32, 16), np.float32(0.375)) + np.float32(0.5), 0)]


def rows_divided_by_a_column(rows):
    """[T] as [T, 1], which a later operation spreads over the row, and back."""
    w = normal(64, 32)
    m = Body(rows, 64)
    p = m.product("%x", w)
    squares = m.map([p], 32, "%s = arith.mulf %a0, %a0 : f32\nlinalg.yield %s : f32")
    sums = m.sum_rows(squares, 32, m.fill())
    size = "%t" if rows is None else rows
    column = m.line(f"tensor.expand_shape {sums} [[0, 1]] output_shape [{size}, 1] : {m.type()} into {m.type(1)}")
    y = m.line('linalg.generic {indexing_maps = [#element, affine_map<(t, k) -> (t, 0)>, #element], '
               f'iterator_types = ["parallel", "parallel"]}} ins({p}, {column} : {m.type(32)}, {m.type(1)}) '
               f"outs({m.empty(32)} : {m.type(32)}) {{\n^bb0(%a: f32, %b: f32, %o: f32):\n%r = math.sqrt %b : f32\n"
               f"%q = arith.divf %a, %r : f32\nlinalg.yield %q : f32\n}} -> {m.type(32)}")
    back = m.line(f"tensor.collapse_shape {column} [[0, 1]] : {m.type(1)} into {m.type()}")
    z = m.divide_rows(y, 32, back)

    def expected(x):
        p = x @ w
        square = (p * p).sum(-1, keepdims=True)
        return [p / np.sqrt(square) / square]

    return m.text((z, m.type(32))), expected


MAKERS = [odd_widths, short_sums, equal_results, slice_of_a_fill, one_weight_twice, results_of_several_ranks,
          names_that_text_has, attention_on_a_computed_value, weight_of_one_value, rows_divided_by_a_column]


def check(folder, make, rows, width, options, tolerance, tokens):
    text, expected = make(rows)
    (folder / "m.mlir").write_text(text)
    if hasattr(expected, "weights"):
        write_safetensors(folder / "model.safetensors", [(name, "F32", w) for name, w in expected.weights.items()])
    said = call("streamtensorc", "compile", folder / "m.mlir", "-o", folder / "artifact", "--isa", "x86-64-v3", *options)
    x = normal(tokens, width)
    np.save(folder / "x.npy", x)
    wanted = expected(x)
    outputs = [folder / f"y{i}.npy" for i in range(len(wanted))]
    call("streamtensorc", "run", folder / "artifact", "--input", folder / "x.npy", "--output", ",".join(map(str, outputs)))
    call("streamtensor-reference", folder / "m.mlir", *options, "--input", f"input0={folder}/x.npy", "--output", folder / "jit")
    for i, (path, want) in enumerate(zip(outputs, wanted, strict=True)):
        card, jit = np.load(path), np.load(folder / f"jit.{i}.npy")
        assert same_bits(card, jit.reshape(card.shape)), (make.__name__, i)
        assert card.shape == want.shape and np.abs(card - want).max() <= tolerance * np.abs(want).max(), (make.__name__, i)
    return said


def width_of(make):
    return {odd_widths: 40, results_of_several_ranks: 64, names_that_text_has: 64,
            rows_divided_by_a_column: 64}.get(make, 32)


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_in_its_own_types(tmp_path, make):
    """Fewer rows than a step takes tokens, and a number of them that divides nothing."""
    check(tmp_path, make, 5, width_of(make), [], 1e-5, 5)


@pytest.mark.parametrize("make", [make for make in MAKERS if make != attention_on_a_computed_value],
                         ids=lambda make: make.__name__)
@pytest.mark.parametrize("quantise, tolerance", [("w8a8", 0.05), ("w4a8", 0.4)])
def test_on_the_engine(tmp_path, make, quantise, tolerance):
    said = check(tmp_path, make, None, width_of(make), ["--quantise", quantise], tolerance, 7)
    assert f"in {quantise} (relative error up to " in said


@pytest.mark.parametrize("make", [odd_widths, one_weight_twice, attention_on_a_computed_value], ids=lambda make: make.__name__)
@pytest.mark.parametrize("quantise, tolerance", [("w8a8", 0.05), ("w4a8", 0.6)])
def test_integer_products_in_processes(tmp_path, make, quantise, tolerance):
    """A fixed number of rows, more than the engine takes in a step."""
    said = check(tmp_path, make, 21, width_of(make), ["--quantise", quantise], tolerance, 21)
    assert f"in {quantise} (relative error up to " in said
