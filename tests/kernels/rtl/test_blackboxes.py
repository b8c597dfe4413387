# SPDX-License-Identifier: Apache-2.0
"""The black boxes: their files are current and of the form that UG1399 documents, and one behind the other they are a
channel of the engine."""
import json
import re

import evidence
import pytest
import tools

FOLDER = tools.RTL / "blackbox"
# UG1399 2023.2, "JSON File for RTL Blackbox": the items, and the ports of a FIFO. With ap_ctrl_none only wires and
# FIFOs are allowed, and the control signals are empty.
ITEMS = {"c_function_name", "rtl_top_module_name", "c_files", "rtl_files", "c_parameters", "rtl_common_signal",
         "rtl_performance", "rtl_resource_usage"}
FIFO_PORTS = {"in": {"FIFO_empty_flag", "FIFO_read_enable", "FIFO_data_read_in"},
              "out": {"FIFO_full_flag", "FIFO_write_enable", "FIFO_data_write_out"}}
CONTROL = {f"ap_ctrl_chain_protocol_{name}" for name in ("idle", "start", "ready", "done", "continue")}


def test_they_are_current(tmp_path):
    tools.run([tools.sys.executable, tools.ROOT / "scripts/make-rtl-blackboxes", tmp_path])
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert written == committed, "run scripts/make-rtl-blackboxes and commit kernels/rtl/blackbox"


@pytest.mark.parametrize("path", evidence.BOXES, ids=lambda path: path.stem)
def test_the_description_is_as_documented(path):
    box = json.loads(path.read_text())
    assert box.keys() == ITEMS
    name = box["c_function_name"]
    assert name == box["rtl_top_module_name"] == path.stem
    # Relative to kernels/rtl; what a module instantiates is among the files.
    text = "".join((tools.RTL / file).read_text() for file in box["rtl_files"])
    modules = set(re.findall(r"^module (\w+)", text, re.MULTILINE))
    used = set(re.findall(r"^ +(st_\w+) (?:#\(|\w+ \()", text, re.MULTILINE))
    assert name in modules and used <= modules, used - modules
    for file in box["c_files"]:
        assert f"void {name}(" in (tools.RTL / file["c_file"]).read_text()
    assert all(int(count) >= 0 for count in box["rtl_resource_usage"].values())
    assert box["rtl_resource_usage"].keys() == {"FF", "LUT", "BRAM", "URAM", "DSP"}
    assert all(int(box["rtl_performance"][item]) > 0 for item in ("latency", "II"))

    # Vitis reads the top module's ports: each must be in the description, and the words must be Verilog 2001's.
    top = (FOLDER / f"{name}.sv").read_text()
    ports = re.search(rf"module {name} \((.*?)\);", top, re.DOTALL)[1]
    assert not re.search(r"\b(logic|int|bit|import|parameter)\b|::", ports) and "`timescale" in top
    directions = {port: direction for direction, port in re.findall(r"(input|output) +wire +(?:\[\d+:0\] +)?(\w+)", ports)}
    common = box["rtl_common_signal"]
    assert all(common[signal] == "" for signal in CONTROL)
    described = {common["module_clock"]: "input", common["module_reset"]: "input",
                 common["module_clock_enable"]: "input"}
    assert common.keys() == CONTROL | {"module_clock", "module_reset", "module_clock_enable"}
    for parameter in box["c_parameters"]:
        direction, rtl = parameter["c_port_direction"], parameter["rtl_ports"]
        assert rtl.keys() == FIFO_PORTS[direction]
        for role, port in rtl.items():
            described[port] = "output" if role in ("FIFO_read_enable", "FIFO_write_enable",
                                                   "FIFO_data_write_out") else "input"
    assert described == directions


@pytest.mark.parametrize("path", evidence.BOXES, ids=lambda path: path.stem)
def test_the_function_has_the_parameters(path):
    """Names and order of the description's parameters are the function's."""
    box = json.loads(path.read_text())
    signature = re.search(rf"void {path.stem}\((.*?)\);", (FOLDER / "blackboxes.h").read_text(), re.DOTALL)[1]
    names = re.findall(r"hls::stream<[^&]*>& (\w+)", signature)
    assert names == [parameter["c_name"] for parameter in box["c_parameters"]]


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_channel(lanes, tmp_path):
    tools.build_runtime(tmp_path)
    found = evidence.run_bench(evidence.build_path(lanes, tmp_path, tmp_path / "build"))
    assert found["words"] >= 10000 and found["differences"] == 0 and found["missed"] == 0, found
    row = evidence.cycles_row(found)
    assert evidence.is_on_the_page(row), f"{row}\nrun scripts/make-evidence cycles"
