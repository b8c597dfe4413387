# SPDX-License-Identifier: Apache-2.0
"""Target hw: what is written for v++, what is run, what `package` takes and refuses. v++ and xclbinutil are scripts that
record how they were called and write containers around an empty bitstream; nothing here was built by Vitis."""
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.resolve().parents[2]
BIN = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin"))
PLATFORM = "xilinx_u55c_gen3x16_xdma_3_202210_1"
SYSTEM_PATH = "/usr/bin:/bin"

sys.path.insert(0, str(ROOT / "tests/integration"))
from banks import connectivity  # noqa: E402

# Both write OUT from the artifact's own manifest; xclbinutil is what puts that into the container.
FAKE_VPP = """#!/bin/sh
printf '%s\\n' "v++ $*" >> "$FAKE_LOG"
out=; previous=; link=
for word; do
  [ "$previous" = -o ] && out=$word
  [ "$word" = -l ] && link=1
  previous=$word
done
[ -n "$link" ] || { echo object > "$out"; exit 0; }
exec MAKE_XCLBIN user_metadata.json "$out" no-metadata
"""
FAKE_XCLBINUTIL = """#!/bin/sh
printf '%s\\n' "xclbinutil $*" >> "$FAKE_LOG"
previous=
for word; do
  [ "$previous" = --output ] && out=$word
  previous=$word
done
exec MAKE_XCLBIN user_metadata.json "$out"
"""
FAILING_VPP = """#!/bin/sh
echo "INFO: [v++ 60-1548] Creating build summary"
echo "ERROR: [v++ 60-300] Failed to build kernel(ip) streamtensor_step, see log for details"
exit 1
"""


def run(*arguments, path=SYSTEM_PATH, **environment):
    done = subprocess.run([str(BIN / arguments[0]), *map(str, arguments[1:])], capture_output=True, text=True,
                          timeout=300, env={**os.environ, "PATH": path, **environment})
    return done


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("hardware") / "tiny.gguf"
    subprocess.run([sys.executable, str(ROOT / "tests/models/make_tiny_llama.py"), str(path)], check=True)
    return path


@pytest.fixture(scope="module")
def sources(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hardware") / "artifact"
    done = run("streamtensorc", "compile", model, "-o", folder, "--target", "hw")
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def artifact(sources, tmp_path):
    """Compiled, not yet packaged."""
    return shutil.copytree(sources[0], tmp_path / "artifact")


def tools(folder, **scripts):
    folder.mkdir()
    for name, text in scripts.items():
        program = folder / {"vpp": "v++"}.get(name, name)
        program.write_text(text.replace("MAKE_XCLBIN", str(BIN / "make_hardware_xclbin")))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:{SYSTEM_PATH}"


def make_xclbin(artifact, out, *changes):
    subprocess.run([str(BIN / "make_hardware_xclbin"), str(artifact / "hls/user_metadata.json"), str(out), *changes],
                   check=True)
    return out


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_vpp_it_says_what_to_run(sources):
    folder, done = sources
    assert f"make -C {folder}/hls\n" in done.stderr
    assert f"streamtensorc package {folder} --xclbin {folder}/hls/build/design.xclbin\n" in done.stderr
    assert not (folder / "manifest.json").exists() and not (folder / "design.xclbin").exists()
    refused = run("streamtensorc", "inspect", folder)
    assert refused.returncode == 1 and "unfinished" in refused.stderr


def test_connectivity(sources):
    folder, _ = sources
    lines = (folder / "hls/connectivity.cfg").read_text().split("\n")
    manifest = json.loads((folder / "hls/user_metadata.json").read_text())
    assert f"platform={PLATFORM}" in lines and "kernel_frequency=250" in lines
    assert [line for line in lines if line.startswith("nk=")] == ["nk=streamtensor_step:1:streamtensor_step_1"]
    assert [line for line in lines if line.startswith("sp=")] == connectivity(manifest, 32, 512 << 20, "HBM[{}]")


def test_vpp_is_run_and_the_artifact_completed(model, tmp_path):
    folder, log = tmp_path / "artifact", tmp_path / "log"
    path = tools(tmp_path / "tools", vpp=FAKE_VPP, xclbinutil=FAKE_XCLBINUTIL)
    done = run("streamtensorc", "compile", model, "-o", folder, "--target", "hw", path=path, FAKE_LOG=str(log))
    assert done.returncode == 0, done.stderr
    compile_call, link_call, metadata_call = [line.split() for line in log.read_text().splitlines()]
    assert compile_call[:4] == ["v++", "-c", "-t", "hw"] and link_call[:4] == ["v++", "-l", "-t", "hw"]
    for call in (compile_call, link_call):
        assert call[call.index("--platform") + 1] == PLATFORM
        assert call[call.index("--kernel_frequency") + 1] == "250"
    assert compile_call[compile_call.index("-k") + 1] == "streamtensor_step"
    kernels = pathlib.Path(compile_call[compile_call.index("-I") + 1])
    assert (kernels / "st/dataflow.h").is_file()
    assert compile_call[-3:] == ["-o", "build/design.xo", "design.cpp"]
    assert link_call[link_call.index("--config") + 1] == "connectivity.cfg"
    assert link_call[-3:] == ["-o", "build/linked.xclbin", "build/design.xo"]
    assert metadata_call[metadata_call.index("--add-section") + 1] == "USER_METADATA:RAW:user_metadata.json"

    assert run("streamtensorc", "inspect", folder).returncode == 0  # sizes and hashes
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["target"] == "TARGET_HW"
    names = {file["name"] for file in manifest["files"]}
    assert {"design.xclbin", "weights.bin", "tokenizer.bin", "hls/design.cpp", "hls/Makefile",
            "hls/connectivity.cfg", "reports/summary.json"} <= names
    assert not any(name.startswith("hls/build/") for name in names)


def test_make_can_be_told_where_things_are(artifact, tmp_path):
    path, log = tools(tmp_path / "tools", vpp=FAKE_VPP, xclbinutil=FAKE_XCLBINUTIL), tmp_path / "log"
    subprocess.run(["make", "-C", str(artifact / "hls"), "KERNELS=/elsewhere/kernels", "PLATFORM=/p/u55c.xpfm",
                    "CLOCK_MHZ=200", "VPPFLAGS=--optimize 3"], check=True, capture_output=True,
                   env={**os.environ, "PATH": path, "FAKE_LOG": str(log)})
    for line in log.read_text().splitlines()[:2]:
        assert "--platform /p/u55c.xpfm --kernel_frequency 200" in line and "--optimize 3" in line
    assert "-I /elsewhere/kernels" in log.read_text()
    assert run("streamtensorc", "package", artifact, "--xclbin", artifact / "hls/build/design.xclbin").returncode == 0


def test_a_failing_vpp_is_told_and_the_sources_stay(model, tmp_path):
    folder = tmp_path / "artifact"
    done = run("streamtensorc", "compile", model, "-o", folder, "--target", "hw",
               path=tools(tmp_path / "tools", vpp=FAILING_VPP, xclbinutil=FAKE_XCLBINUTIL))
    assert done.returncode == 1
    assert "v++: make ended with code 2: ERROR: [v++ 60-300] Failed to build kernel" in done.stderr, done.stderr
    assert f"{folder}/hls/build.log" in done.stderr and f"make -C {folder}/hls" in done.stderr
    assert (folder / "hls/design.cpp").exists() and "60-300" in (folder / "hls/build.log").read_text()
    assert not (folder / "manifest.json").exists()


@pytest.mark.parametrize("change, says", [
    ("no-metadata", "it has no USER_METADATA"),
    ("other-model", 'it is not the design of hls/user_metadata.json: model_name is "'),
    ("other-platform", f"'xilinx_u280_gen3x16_xdma_1_202211_1', this artifact is for u55c: '{PLATFORM}'"),
    ("emulation", "it is built for an emulated card (platform streamtensor_emulated_u55c_1)"),
    ("other-kernel", "it has no kernel 'streamtensor_step', it has 'vadd'"),
    ("swap-banks", "is connected to HBM["),
    ("rename-argument", "argument 2 ('other') must be '"),
    ("drop-argument", "arguments, must have "),
])
def test_package_refuses_by_name(artifact, tmp_path, change, says):
    before = files_of(artifact)
    done = run("streamtensorc", "package", artifact, "--xclbin", make_xclbin(artifact, tmp_path / "x.xclbin", change))
    assert done.returncode == 1 and says in done.stderr, done.stderr
    assert files_of(artifact) == before


def test_package_refuses_damage(artifact, tmp_path):
    good = make_xclbin(artifact, tmp_path / "x.xclbin").read_bytes()
    before = files_of(artifact)
    for bytes_, says in ((good[:len(good) // 2], "xclbin: header"), (b"", "xclbin"), (b"not" + good[3:], "magic")):
        (tmp_path / "bad.xclbin").write_bytes(bytes_)
        done = run("streamtensorc", "package", artifact, "--xclbin", tmp_path / "bad.xclbin")
        assert done.returncode == 1 and says in done.stderr, done.stderr
    done = run("streamtensorc", "package", artifact, "--xclbin", tmp_path / "none.xclbin")
    assert done.returncode == 1 and "none.xclbin: can't be copied" in done.stderr
    assert files_of(artifact) == before


def test_package_follows_no_links_of_the_folder(artifact, tmp_path):
    (tmp_path / "precious").write_text("mine")
    for name in (".design.xclbin.new", ".manifest.json.new"):
        (artifact / name).symlink_to(tmp_path / "precious")
    (artifact / "hls/loop").symlink_to("loop")
    done = run("streamtensorc", "package", artifact, "--xclbin", make_xclbin(artifact, tmp_path / "x.xclbin"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "precious").read_text() == "mine"
    assert run("streamtensorc", "inspect", artifact).returncode == 0


def test_package_refuses_what_is_no_hardware_artifact(model, artifact, tmp_path):
    xclbin = make_xclbin(artifact, tmp_path / "x.xclbin")
    (tmp_path / "empty").mkdir()
    done = run("streamtensorc", "package", tmp_path / "empty", "--xclbin", xclbin)
    assert done.returncode == 1 and "no artifact of target hw" in done.stderr
    (artifact / "hls/user_metadata.json").rename(tmp_path / "metadata")
    (artifact / "hls/user_metadata.json").mkdir()
    done = run("streamtensorc", "package", artifact, "--xclbin", xclbin)
    assert done.returncode == 1 and "user_metadata.json: not a regular file" in done.stderr
    (artifact / "hls/user_metadata.json").rmdir()
    (tmp_path / "metadata").rename(artifact / "hls/user_metadata.json")
    (artifact / "weights.bin").unlink()
    done = run("streamtensorc", "package", artifact, "--xclbin", xclbin)
    assert done.returncode == 1 and f"{artifact}/weights.bin: No such file" in done.stderr, done.stderr


@pytest.mark.parametrize("name", ["weights.bin", "tokenizer.bin"])
def test_package_refuses_what_was_damaged_since_compilation(artifact, tmp_path, name):
    xclbin = make_xclbin(artifact, tmp_path / "x.xclbin")
    good = (artifact / name).read_bytes()
    middle = len(good) // 2
    for bytes_, says in ((good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], "SHA-256 is "),
                         (good[:-1], f"{len(good) - 1} bytes, hls/user_metadata.json says {len(good)}")):
        (artifact / name).write_bytes(bytes_)
        before = files_of(artifact)
        done = run("streamtensorc", "package", artifact, "--xclbin", xclbin)
        assert done.returncode == 1 and f"{artifact}/{name}: {says}" in done.stderr, done.stderr
        assert files_of(artifact) == before
    (artifact / name).write_bytes(good)
    assert run("streamtensorc", "package", artifact, "--xclbin", xclbin).returncode == 0


def test_package_needs_the_hashes_of_compilation(artifact, tmp_path):
    xclbin = make_xclbin(artifact, tmp_path / "x.xclbin")
    manifest = json.loads((artifact / "hls/user_metadata.json").read_text())
    assert [entry["name"] for entry in manifest["files"]] == ["weights.bin", "tokenizer.bin"]
    manifest["files"].pop()
    (artifact / "hls/user_metadata.json").write_text(json.dumps(manifest))
    done = run("streamtensorc", "package", artifact, "--xclbin", xclbin)
    assert done.returncode == 1 and "user_metadata.json: files: tokenizer.bin is missing" in done.stderr, done.stderr


def test_an_edited_manifest_is_not_the_xclbins(artifact, tmp_path):
    assert run("streamtensorc", "package", artifact, "--xclbin", make_xclbin(artifact, tmp_path / "x")).returncode == 0
    manifest = json.loads((artifact / "manifest.json").read_text())
    manifest["timing"]["launch_cycles"] = "1"
    (artifact / "manifest.json").write_text(json.dumps(manifest))
    for command in (["inspect", artifact], ["run", artifact, "--tokens", "1 2", "--driver", "xrt"]):
        done = run("streamtensorc", *command, XCL_EMULATION_MODE="noop")
        assert done.returncode == 1, done.stdout
        assert f"{artifact}/design.xclbin: it is not the design of manifest.json: timing.launch_cycles is 1" in \
            done.stderr, done.stderr


def test_the_commands_to_type_can_be_pasted(model, tmp_path):
    folder, log = tmp_path / "a b'c $x", tmp_path / "log"
    done = run("streamtensorc", "compile", model, "-o", folder, "--target", "hw")
    assert done.returncode == 0, done.stderr
    make, package = [line for line in done.stderr.splitlines() if line.startswith("  ")]
    path = tools(tmp_path / "tools", vpp=FAKE_VPP, xclbinutil=FAKE_XCLBINUTIL)
    for command in (make, package):
        subprocess.run(["sh", "-c", command], check=True, capture_output=True, cwd=tmp_path,
                       env={**os.environ, "PATH": f"{BIN}:{path}", "FAKE_LOG": str(log)})
    assert run("streamtensorc", "inspect", folder).returncode == 0


def test_package_again_replaces_the_xclbin(artifact, tmp_path):
    xclbin = make_xclbin(artifact, tmp_path / "x.xclbin")
    for _ in range(2):
        assert run("streamtensorc", "package", artifact, "--xclbin", xclbin).returncode == 0
    assert (artifact / "design.xclbin").read_bytes() == xclbin.read_bytes()
    refused = run("streamtensorc", "package", artifact, "--xclbin", make_xclbin(artifact, tmp_path / "y", "swap-banks"))
    assert refused.returncode == 1
    assert run("streamtensorc", "inspect", artifact).returncode == 0  # the one before still stands


def test_drivers(artifact, tmp_path):
    """AMD's library takes the packaged artifact (XRT's noop device runs it and computes nothing, so the status is never
    written); the emulated card refuses it by name."""
    assert run("streamtensorc", "package", artifact, "--xclbin", make_xclbin(artifact, tmp_path / "x")).returncode == 0
    refused = run("streamtensorc", "run", artifact, "--tokens", "1 2")
    assert refused.returncode == 1
    assert "the card's driver is emulated" in refused.stderr and "--target emulation" in refused.stderr
    taken = run("streamtensorc", "run", artifact, "--tokens", "1 2", "--driver", "xrt", XCL_EMULATION_MODE="noop")
    assert taken.returncode == 1 and "status" in taken.stderr, taken.stderr


def csim(hls, testbench):
    """What process.tcl's C simulation does, under its flags: the program's exit code."""
    program = testbench.with_suffix("")
    subprocess.run(["g++", "-std=c++14", "-Wno-unknown-pragmas", "-DST_PLAIN", f"-I{hls}", f"-I{ROOT}/kernels",
                    f"-I{HERE}/csim", "-idirafter", f"{ROOT}/kernels/host", str(hls / "processes.cpp"),
                    str(testbench), "-o", str(program)], check=True)
    return subprocess.run([str(program)], timeout=60).returncode


def test_processes_can_be_simulated_one_by_one(sources, tmp_path):
    hls = sources[0] / "hls"
    text = (hls / "processes.cpp").read_text()
    assert "void attn_norm_top(" in text and "void fork_top(" in text
    assert "void engine_top(" not in text  # streams of blocks can't be arguments of a top function
    page = (ROOT / "docs/hardware.md").read_text()
    testbench = page[page.index("```cpp\n") + 7:].split("```")[0]
    for layers, code in ((2, 0), (1, 2)):  # the design's; too few words for it
        (tmp_path / "fork_test.cpp").write_text(testbench.replace("layers = 2", f"layers = {layers}"))
        assert csim(hls, tmp_path / "fork_test.cpp") == code
    script = (hls / "process.tcl").read_text()
    for process in re.findall(r"PROCESS=(\w+)", script) + re.findall(r"^PROCESS=(\w+)", page, re.MULTILINE):
        assert f"void {process}_top(" in text, "an example names a process that is not there"
    assert "set_part xcu55c-fsvh2892-2L-e" in script and "create_clock -period 4.000" in script
    assert "-DST_PLAIN" in script and "-idirafter $kernels/host" in script
