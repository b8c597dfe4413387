# SPDX-License-Identifier: Apache-2.0
"""A module in its own types: elements of every kind, sorts, scans, scatters and checks, as numpy computes them."""
import subprocess

import numpy as np
import pytest

from programs import BIN, call

# One elementwise operation each: the types of the operands, of the result, and the body.
ELEMENTWISE = {
    "square": (["i64"], "i64", "%r = arith.muli %a0, %a0 : i64"),
    "difference": (["i32", "i32"], "i32", "%r = arith.subi %a0, %a1 : i32"),
    "doubled": (["i8"], "i8", "%r = arith.addi %a0, %a0 : i8"),
    "shifted": (["i16"], "i16", "%one = arith.constant 1 : i16\n %r = arith.shrsi %a0, %one : i16"),
    "inverted": (["i1"], "i1", "%one = arith.constant true\n %r = arith.xori %a0, %one : i1"),
    "half": (["f16", "f16"], "f16", "%p = arith.mulf %a0, %a1 : f16\n %r = arith.addf %p, %a0 : f16"),
    "brain": (["bf16"], "bf16", "%r = arith.mulf %a0, %a0 : bf16"),
    "third": (["f64"], "f64", "%three = arith.constant 3.0 : f64\n %q = arith.divf %a0, %three : f64\n"
                              " %r = math.sqrt %q : f64"),
    "widened": (["i64"], "f64", "%r = arith.sitofp %a0 : i64 to f64"),
    "quotient": (["i32", "i32"], "i32", "%r = arith.divsi %a0, %a1 : i32"),
}
DTYPES = {"i64": np.int64, "i32": np.int32, "i16": np.int16, "i8": np.int8, "i1": np.bool_, "f16": np.float16,
          "f64": np.float64, "f32": np.float32}
N = 6


def module_text():
    """@main over all of them, one result each, then the operations of tm_tensor."""
    arguments, body, results = [], [], []
    for name, (operands, result, text) in ELEMENTWISE.items():
        names = [f"%{name}{i}" for i in range(len(operands))]
        arguments += [f"{n}: tensor<{N}x{t}>" for n, t in zip(names, operands)]
        maps = ", ".join(["#id"] * (len(operands) + 1))
        block = ", ".join([f"%a{i}: {t}" for i, t in enumerate(operands)] + [f"%o: {result}"])
        body.append(f"""  %{name}_e = tensor.empty() : tensor<{N}x{result}>
  %{name} = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}}
      ins({", ".join(names)} : {", ".join(f"tensor<{N}x{t}>" for t in operands)}) outs(%{name}_e : tensor<{N}x{result}>) {{
  ^bb0({block}):
    {text}
    linalg.yield %r : {result}
  }} -> tensor<{N}x{result}>""")
        results.append((f"%{name}", f"tensor<{N}x{result}>"))
    body.append(f"""  %zero = arith.constant dense<0.0> : tensor<{N}xf32>
  %nothing = arith.constant dense<0.0> : tensor<f32>
  %before:2 = tm_tensor.scan dimension(0) inclusive(false) ins(%floats : tensor<{N}xf32>)
      outs(%zero, %nothing : tensor<{N}xf32>, tensor<f32>) {{
  ^bb0(%sum: f32, %in: f32):
    %s = arith.addf %sum, %in : f32
    tm_tensor.yield %s : f32
  }} -> tensor<{N}xf32>, tensor<f32>
  %numbers = arith.constant dense<[{", ".join(map(str, range(N)))}]> : tensor<{N}xi64>
  %sorted:2 = tm_tensor.sort dimension(0) outs(%keys, %numbers : tensor<{N}xi32>, tensor<{N}xi64>) {{
  ^bb0(%a: i32, %b: i32, %c: i64, %d: i64):
    %may = arith.cmpi sge, %a, %b : i32
    tm_tensor.yield %may : i1
  }} -> tensor<{N}xi32>, tensor<{N}xi64>
  %scattered = tm_tensor.scatter {{dimension_map = array<i64: 0>}} unique_indices(false)
      ins(%updates, %indices : tensor<3x2xf32>, tensor<3x1xi32>) outs(%table : tensor<4x2xf32>) {{
  ^bb0(%update: f32, %old: f32):
    %s = arith.addf %update, %old : f32
    tm_tensor.yield %s : f32
  }} -> tensor<4x2xf32>""")
    arguments += [f"%floats: tensor<{N}xf32>", f"%keys: tensor<{N}xi32>", "%updates: tensor<3x2xf32>",
                  "%indices: tensor<3x1xi32>", "%table: tensor<4x2xf32>", "%unused: tensor<2xi64>"]
    results += [("%before#0", f"tensor<{N}xf32>"), ("%sorted#0", f"tensor<{N}xi32>"), ("%sorted#1", f"tensor<{N}xi64>"),
                ("%scattered", "tensor<4x2xf32>")]
    values, types = zip(*results)
    return ("#id = affine_map<(n) -> (n)>\n" + f"func.func @main({', '.join(arguments)}) -> ({', '.join(types)}) {{\n"
            + "\n".join(body) + f"\n  return {', '.join(values)} : {', '.join(types)}\n}}\n")


def brain(values):
    """bfloat16, rounded to nearest even, as .npy holds it."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2").view("V2")


def inputs():
    rng = np.random.default_rng(5)
    g = np.float32([1.5, -2, 3.140625, 0.1015625, 100, -0.0])
    arrays = {
        "square0": np.int64([1, -5, 3 << 31, -(1 << 40), 0, 7]), "difference0": np.int32([5, -(1 << 31), 3, 2, 1, 0]),
        "difference1": np.int32([7, 1, -3, 2, 9, 1 << 30]), "doubled0": np.int8([100, -128, 1, 0, 63, -1]),
        "shifted0": np.int16([-7, 9, 32767, -32768, 1, 0]), "inverted0": np.array([1, 0, 0, 1, 1, 0], np.bool_),
        "half0": rng.standard_normal(N).astype(np.float16), "half1": rng.standard_normal(N).astype(np.float16),
        "brain0": brain(g), "third0": np.abs(rng.standard_normal(N)), "widened0": np.int64([1 << 52, -3, 1 << 40, 0, 1, 2]),
        "quotient0": np.int32([7, -7, 100, 1, 0, 5]), "quotient1": np.int32([2, 2, -7, 3, 5, 5]),
        "floats": rng.standard_normal(N).astype(np.float32), "keys": np.int32([3, -1, 3, 9, -1, 3]),
        "updates": np.float32([[1, 2], [10, 20], [100, 200]]), "indices": np.int32([[2], [0], [2]]),
        "table": rng.standard_normal((4, 2)).astype(np.float32), "unused": np.int64([1, 2])}
    return arrays, g


def expected(x, g):
    half = (x["half0"].astype(np.float32) * x["half1"]).astype(np.float16)
    before = np.zeros(N, np.float32)
    for i in range(1, N):
        before[i] = before[i - 1] + x["floats"][i - 1]
    order = np.argsort(-x["keys"], kind="stable")
    scattered = x["table"].copy()
    for index, update in zip(x["indices"][:, 0], x["updates"]):
        scattered[index] = update + scattered[index]
    with np.errstate(over="ignore"):
        return [x["square0"] * x["square0"], x["difference0"] - x["difference1"], x["doubled0"] + x["doubled0"],
                x["shifted0"] >> np.int16(1), ~x["inverted0"],
                (half.astype(np.float32) + x["half0"]).astype(np.float16), brain(g * g), np.sqrt(x["third0"] / 3),
                x["widened0"].astype(np.float64), np.trunc(x["quotient0"] / x["quotient1"]).astype(np.int32), before,
                x["keys"][order], order, scattered]


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own_types")
    (folder / "types.mlir").write_text(module_text())
    # Not through call(): the lint's rule against double is for designs that compute in float32.
    subprocess.run([BIN / "streamtensorc", "compile", folder / "types.mlir", "-o", folder / "artifact", "--isa", "x86-64-v3"],
                   check=True, timeout=600)
    return folder / "artifact"


def run(artifact, folder, arrays, count):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    outputs = [folder / f"y{i}.npy" for i in range(count)]
    done = subprocess.run([BIN / "streamtensorc", "run", artifact,
                           "--input", ",".join(str(folder / f"{name}.npy") for name in arrays),
                           "--output", ",".join(map(str, outputs))], capture_output=True, text=True, timeout=600)
    return done, outputs


def test_every_kind_of_element(artifact, tmp_path):
    arrays, g = inputs()
    wanted = expected(arrays, g)
    done, outputs = run(artifact, tmp_path, arrays, len(wanted))
    assert done.returncode == 0, done.stderr
    for i, (path, want) in enumerate(zip(outputs, wanted)):
        got = np.load(path)
        assert got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == want.tobytes(), (i, got, want)


def test_samples_one_after_another(artifact, tmp_path):
    arrays, g = inputs()
    several = {name: np.stack([array] * 3) for name, array in arrays.items()}
    several["square0"] = np.stack([arrays["square0"] + i for i in range(3)])
    wanted = expected(arrays, g)
    done, outputs = run(artifact, tmp_path, several, len(wanted))
    assert done.returncode == 0, done.stderr
    with np.errstate(over="ignore"):
        assert np.array_equal(np.load(outputs[0]), several["square0"] * several["square0"])
    assert np.load(outputs[7]).tobytes() == np.stack([wanted[7]] * 3).tobytes()


def test_a_division_by_zero_is_refused(artifact, tmp_path):
    arrays, g = inputs()
    arrays["quotient1"] = np.int32([1, 1, 1, 0, 1, 1])
    done, _ = run(artifact, tmp_path, arrays, len(expected(*inputs())))
    assert done.returncode == 1 and "refuses sample 0 of this run: an integer is divided by zero" in done.stderr


def test_an_input_of_another_kind_is_refused(artifact, tmp_path):
    arrays, g = inputs()
    count = len(expected(arrays, g))
    done, _ = run(artifact, tmp_path, {**arrays, "square0": arrays["square0"].astype(np.int32)}, count)
    assert done.returncode == 1 and "holds int32 for input input0, which is int64" in done.stderr
    done, _ = run(artifact, tmp_path, {**arrays, "floats": arrays["floats"][:3]}, count)
    assert done.returncode == 1 and "which has samples of [6]" in done.stderr


MEAN = """func.func @main(%x: tensor<?x4xf32>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.reduce ins(%x : tensor<?x4xf32>) outs(%f : tensor<4xf32>) dimensions = [0]
      (%in: f32, %out: f32) { %a = arith.addf %in, %out : f32 linalg.yield %a : f32 }
  return %s : tensor<4xf32>
}
"""


def test_why_not(tmp_path):
    """compile and inspect name the obstacle, its place and what would help."""
    (tmp_path / "mean.mlir").write_text(MEAN)
    done = subprocess.run([BIN / "streamtensorc", "compile", tmp_path / "mean.mlir", "-o", tmp_path / "a"],
                          capture_output=True, text=True, timeout=60)
    for part in ["mean.mlir\":5:8", "it reduces over the rows", "export the module with a fixed size", "--quantise w8a8"]:
        assert done.returncode == 1 and part in done.stderr, (part, done.stderr)
    said = call("streamtensorc", "inspect", tmp_path / "mean.mlir")
    assert "compilable: no: " in said and "it reduces over the rows" in said
    (tmp_path / "foreign.mlir").write_text(
        'func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n  %y = "a.b"(%x) : (tensor<4xf32>) -> tensor<4xf32>\n'
        '  %z = "c.d"(%y) : (tensor<4xf32>) -> tensor<4xf32>\n  return %z : tensor<4xf32>\n}\n')
    said = call("streamtensorc", "inspect", tmp_path / "foreign.mlir")
    assert "'a.b' at" in said and "'c.d' at" in said and said.startswith("compilable: no: ")
    (tmp_path / "good.mlir").write_text("func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }")
    assert call("streamtensorc", "inspect", tmp_path / "good.mlir").endswith("compilable: yes\n")


FIRST = """func.func @main(%x: tensor<2x7xf32>, %q: tensor<2x3x4xf32>, %k: tensor<2x5x4xf32>, %v: tensor<2x5x6xf32>,
                %counts: tensor<2x3x5xi1>) -> (tensor<2x3xf32>, tensor<2x3xi64>, tensor<2x3x6xf32>) {
  %values = tensor.empty() : tensor<2x3xf32>
  %places = tensor.empty() : tensor<2x3xi64>
  %first:2 = tm_tensor.topk dimension(1) ins(%x : tensor<2x7xf32>) outs(%values, %places : tensor<2x3xf32>, tensor<2x3xi64>) {
  ^bb0(%a: f32, %b: f32):
    %greater = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %greater : i1
  } -> tensor<2x3xf32>, tensor<2x3xi64>
  %e = tensor.empty() : tensor<2x3x6xf32>
  %y = tm_tensor.attention ins(%q, %k, %v, %counts : tensor<2x3x4xf32>, tensor<2x5x4xf32>, tensor<2x5x6xf32>, tensor<2x3x5xi1>)
      outs(%e : tensor<2x3x6xf32>) -> tensor<2x3x6xf32>
  return %first#0, %first#1, %y : tensor<2x3xf32>, tensor<2x3xi64>, tensor<2x3x6xf32>
}
"""


def test_topk_and_attention(tmp_path):
    """Of equal elements the first; a row of which the mask leaves nothing is 0."""
    (tmp_path / "first.mlir").write_text(FIRST)
    call("streamtensorc", "compile", tmp_path / "first.mlir", "-o", tmp_path / "artifact", "--isa", "x86-64-v3")
    rng = np.random.default_rng(6)
    q, k, v = (rng.standard_normal(shape).astype(np.float32) for shape in [(2, 3, 4), (2, 5, 4), (2, 5, 6)])
    x = np.float32([[3, 1, 3, 9, -1, 9, 2], [-5, -np.inf, -5, -5, -7, -6, -np.inf]])
    counts = rng.random((2, 3, 5)) < 0.6
    counts[1, 2] = False
    arrays = {"x": x, "q": q, "k": k, "v": v, "counts": counts}
    done, outputs = run(tmp_path / "artifact", tmp_path, arrays, 3)
    assert done.returncode == 0, done.stderr
    values, places, y = map(np.load, outputs)
    assert np.array_equal(places, [[3, 5, 0], [0, 2, 3]]) and np.array_equal(values, np.take_along_axis(x, places, 1))
    scores = np.where(counts, q @ k.transpose(0, 2, 1) / 2, -np.inf)
    with np.errstate(invalid="ignore"):
        weights = np.nan_to_num(np.exp(scores - np.maximum(scores.max(-1, keepdims=True), -1e30)))
    weights /= np.maximum(weights.sum(-1, keepdims=True), 1e-30)
    assert np.abs(y - weights @ v).max() < 1e-5 and np.all(y[1, 2] == 0)


def sort_text(name, predicate):
    return f"""  %{name}:2 = tm_tensor.sort dimension(1) outs(%x, %numbers : tensor<3x6xf32>, tensor<3x6xi64>) {{
  ^bb0(%a: f32, %b: f32, %c: i64, %d: i64):
    %may = arith.cmpf {predicate}, %a, %b : f32
    tm_tensor.yield %may : i1
  }} -> tensor<3x6xf32>, tensor<3x6xi64>
"""


NANS = f"""func.func @main(%x: tensor<3x6xf32>) -> (tensor<3x6xf32>, tensor<3x6xi64>, tensor<3x6xf32>, tensor<3x6xi64>, tensor<3x4xf32>,
                                      tensor<3x4xi64>) {{
  %numbers = arith.constant dense<[{", ".join(["[0, 1, 2, 3, 4, 5]"] * 3)}]> : tensor<3x6xi64>
{sort_text("up", "ole")}{sort_text("down", "oge")}  %values = tensor.empty() : tensor<3x4xf32>
  %places = tensor.empty() : tensor<3x4xi64>
  %first:2 = tm_tensor.topk dimension(1) ins(%x : tensor<3x6xf32>) outs(%values, %places : tensor<3x4xf32>, tensor<3x4xi64>) {{
  ^bb0(%a: f32, %b: f32):
    %greater = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %greater : i1
  }} -> tensor<3x4xf32>, tensor<3x4xi64>
  return %up#0, %up#1, %down#0, %down#1, %first#0, %first#1 : tensor<3x6xf32>, tensor<3x6xi64>, tensor<3x6xf32>, tensor<3x6xi64>,
      tensor<3x4xf32>, tensor<3x4xi64>
}}
"""


def test_nan_is_greater_than_every_number(tmp_path):
    """As PyTorch sorts: the last of an ascending order, the first of a descending one, and nothing is lost."""
    (tmp_path / "nans.mlir").write_text(NANS)
    call("streamtensorc", "compile", tmp_path / "nans.mlir", "-o", tmp_path / "artifact", "--isa", "x86-64-v3")
    nan, inf = np.nan, np.inf
    x = np.float32([[2, nan, 1, inf, nan, -3], [nan] * 6, [0, 5, -inf, 5, inf, 1]])
    done, outputs = run(tmp_path / "artifact", tmp_path, {"x": x}, 6)
    assert done.returncode == 0, done.stderr
    up, up_places, down, down_places, first, first_places = map(np.load, outputs)
    ascending = np.array([[5, 2, 0, 3, 1, 4], range(6), [2, 0, 5, 1, 3, 4]])
    descending = np.array([[1, 4, 3, 0, 2, 5], range(6), [4, 1, 3, 5, 0, 2]])
    for values, places, wanted in [(up, up_places, ascending), (down, down_places, descending),
                                   (first, first_places, descending[:, :4])]:
        assert np.array_equal(places, wanted) and np.array_equal(values, np.take_along_axis(x, wanted, 1), equal_nan=True)
