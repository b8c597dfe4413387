# SPDX-License-Identifier: Apache-2.0
"""export() of PyTorch modules. Needs scripts/torch-environment."""

import hashlib
import re
import resource
import shutil
import subprocess

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir.ir")
safetensors = pytest.importorskip("safetensors.torch")

import streamtensor


class Net(torch.nn.Module):
    """Parameters, a tied one, buffers used and not, a constant; two results."""

    def __init__(self):
        super().__init__()
        self.a, self.b = torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)
        self.b.weight = self.a.weight
        self.bn = torch.nn.BatchNorm1d(8)
        self.register_buffer("scale", torch.tensor(2.0), persistent=False)

    def forward(self, x):
        return self.b(torch.relu(self.bn(self.a(x)))) * self.scale + torch.tensor([1.0] * 8), x.sum(-1)


def parsed(path):
    """The text, once MLIR 19 has parsed it."""
    if tool := shutil.which("mlir-opt-19"):
        subprocess.run([tool, path, "-o", "/dev/null"], check=True)
    return path.read_text()


def test_weights_are_beside_the_text(tmp_path):
    module = Net().eval()
    text = parsed(streamtensor.export(module, torch.randn(3, 8), tmp_path / "net.mlir"))
    file = tmp_path / "net.safetensors"
    tensors = safetensors.load_file(file)
    named = re.findall(r'streamtensor\.weight = "([^"]*)"', text)
    assert set(named) == set(tensors) and "bn.num_batches_tracked" not in tensors
    assert named.count("a.weight") == 2, "a tied weight is kept once"
    for name, value in module.state_dict().items():
        if name in tensors:
            assert torch.equal(tensors[name], value)
    assert tensors["scale"] == 2.0
    assert f'streamtensor.weights_sha256 = "{hashlib.sha256(file.read_bytes()).hexdigest()}"' in text
    assert 'streamtensor.weights = "net.safetensors"' in text and 'streamtensor.input = "x"' in text
    assert "dense_resource" not in text


def test_open_dimensions_are_named(tmp_path):
    dynamic = {"x": {0: streamtensor.Dim("T", max=64)}}
    text = parsed(streamtensor.export(Net().eval(), torch.randn(3, 8), tmp_path / "net.mlir", dynamic))
    assert 'tensor<?x8xf32> {streamtensor.dimensions = ["T", ""], streamtensor.input = "x"}' in text
    assert "streamtensor.dimensions = {T = [1, 64]}" in text


def test_what_cannot_be_exported_is_named(tmp_path):
    target = tmp_path / "net.mlir"
    with pytest.raises(streamtensor.ExportError, match=r"bn\.running_mean.*eval"):
        streamtensor.export(Net(), torch.randn(3, 8), target)
    for arguments, message in [((Net(), "x", target), "str"), ((3, torch.randn(3, 8), target), "int"),
                               ((Net(), (), target), "do not fit"), ((Net(), torch.randn(3, 8), tmp_path / "net.txt"), r"\.mlir"),
                               ((Net(), torch.randn(3, 8), tmp_path / "none/net.mlir"), "folder"),
                               ((Net(), torch.randn(3, 8), target, {"y": {0: "T"}}), "'y'"),
                               ((Net(), torch.randn(3, 8), target, {"x": {2: "T"}}), "no dimension 2")]:
        with pytest.raises(ValueError, match=message):
            streamtensor.export(*arguments)
    assert not list(tmp_path.iterdir())


def test_one_tensor_given_twice_is_two_inputs(tmp_path):
    class Add(torch.nn.Module):
        def forward(self, x, y):
            return x + 2 * y

    x = torch.randn(4)
    text = parsed(streamtensor.export(Add(), (x, x), tmp_path / "add.mlir"))
    assert re.findall(r'streamtensor\.input = "(\w)"', text) == ["x", "y"]
    assert not (tmp_path / "add.safetensors").exists()


def test_a_hundred_million_parameters(tmp_path):
    """The files stay near the weights' own size, and no second copy of the weights is held."""
    module = torch.nn.Sequential(*(torch.nn.Linear(3200, 3200) for _ in range(10))).eval()
    size = 4 * sum(p.numel() for p in module.parameters())
    assert size > 4e8
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    path = streamtensor.export(module, torch.randn(1, 3200), tmp_path / "large.mlir")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    files = sum(file.stat().st_size for file in tmp_path.iterdir())
    print(f"weights {size}, files {files}, text {path.stat().st_size}, peak memory grew by {grown}")
    assert files < 1.01 * size and path.stat().st_size < 100_000
    assert grown < 2 * size
