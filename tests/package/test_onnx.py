# SPDX-License-Identifier: Apache-2.0
"""export_onnx(). Needs onnx and torch-mlir (scripts/torch-environment), and loads no PyTorch."""

import re
import sys

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("torch_mlir.ir")
import onnx.reference  # noqa: E402
from onnx import TensorProto as T
from onnx import helper, numpy_helper

import streamtensor
from streamtensor.onnx_folding import fold


def value(name, shape, kind=T.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def controlled(condition, trips="trips"):
    """y = x w; a branch by `condition`; then doubled in a loop, each turn's value scanned."""
    branch = lambda op: helper.make_graph([helper.make_node(op, ["y"], ["r"])], op, [], [value("r", ["a", "b"])])
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["co"]), helper.make_node("Add", ["v", "v"], ["vo"]),
         helper.make_node("Identity", ["vo"], ["so"])], "body",
        [value("i", [], T.INT64), value("c", [], T.BOOL), value("v", ["a", "b"])],
        [value("co", [], T.BOOL), value("vo", ["a", "b"]), value("so", ["a", "b"])])
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Gather", ["s", "one"], ["d"], axis=0),
        helper.make_node("Greater", ["d", "three"], ["more"]),
        helper.make_node("If", [condition], ["z"], name="choose", then_branch=branch("Relu"), else_branch=branch("Neg")),
        helper.make_node("Loop", [trips, "", "z"], ["last", "scan"], name="double", body=body),
    ]
    w = np.random.default_rng(0).standard_normal((8, 16)).astype(np.float32)
    constants = {"w": w, "one": np.array(1), "three": np.array(3), "trips": np.array(3)}
    graph = helper.make_graph(nodes, "g", [value("x", ["N", 8]), value("flag", [], T.BOOL), value("n", [], T.INT64)],
                              [value("last", ["a", "b"]), value("scan", ["a", "b", "c"])],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_constant_control_flow_is_folded(tmp_path):
    onnx.save(controlled("more"), tmp_path / "m.onnx")
    path = streamtensor.export_onnx(tmp_path / "m.onnx", tmp_path / "m.mlir", {"N": 4})
    text = path.read_text()
    assert re.findall(r'streamtensor\.(input|weight) = "(\w+)"', text) == [
        ("input", "x"), ("input", "flag"), ("input", "n"), ("weight", "w")]
    assert "tensor<3x4x16xf32>" in text and "scf." not in text
    assert "torch" not in sys.modules


def test_folding_keeps_the_meaning():
    model = controlled("more")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    folded = fold(model)
    onnx.checker.check_model(folded)
    assert not {"If", "Loop"} & {node.op_type for node in folded.graph.node}
    feeds = {"x": np.random.default_rng(1).standard_normal((4, 8)).astype(np.float32), "flag": np.array(True), "n": np.array(1)}
    for before, after in zip(*(onnx.reference.ReferenceEvaluator(m).run(None, feeds) for m in (model, folded))):
        np.testing.assert_array_equal(before, after)


def test_other_control_flow_is_named_all_at_once(tmp_path):
    onnx.save(controlled("flag", "n"), tmp_path / "m.onnx")
    with pytest.raises(streamtensor.ExportError, match="If 'choose'; Loop 'double'"):
        streamtensor.export_onnx(tmp_path / "m.onnx", tmp_path / "m.mlir", {"N": 4})


def test_hostile_files_are_refused(tmp_path):
    seed = 5
    print(f"seed {seed}")
    random = np.random.default_rng(seed)
    good = controlled("more").SerializeToString()
    refused = 0
    for _ in range(300):
        data = bytearray(good)
        for _ in range(random.integers(1, 6)):
            data[random.integers(len(data))] = random.integers(256)
        (tmp_path / "m.onnx").write_bytes(data[:random.integers(1, len(data) + 1)] if random.integers(4) == 0 else data)
        try:
            streamtensor.export_onnx(tmp_path / "m.onnx", tmp_path / "m.mlir", {"N": 4})
        except (streamtensor.ExportError, ValueError):
            refused += 1
    assert refused > 100
    (tmp_path / "m.onnx").write_bytes(b"")
    with pytest.raises(streamtensor.ExportError):
        streamtensor.export_onnx(tmp_path / "m.onnx", tmp_path / "m.mlir")
