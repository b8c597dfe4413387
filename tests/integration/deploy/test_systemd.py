# SPDX-License-Identifier: Apache-2.0
"""The service files, as installed: known to systemd, hardened, and right about users and folders."""

import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import time

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", "--no-pager", *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="session")
def unit(prefix):
    return prefix / "lib/systemd/system/streamtensord.service"


def test_systemd_understands_the_unit(unit, prefix):
    done = analyze("verify", "--man=no", unit)
    # Whatever else is installed on this machine may have complaints of its own.
    ours = [line for line in done.stderr.splitlines() if "streamtensor" in line]
    assert ours == []
    text = unit.read_text()
    assert "@" not in re.sub(r"@system-service|@privileged|@resources", "", text), "a place that was not filled in"
    assert f"ExecStart={prefix}/bin/streamtensord " in text
    for line in ("Type=notify", "WatchdogSec=", "User=streamtensor", "KillMode=mixed"):
        assert line in text


def test_exposure_is_low(unit):
    done = analyze("security", "--offline=true", unit)
    found = re.search(r"Overall exposure level for streamtensord.service: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found.group(1)) <= 2.0, done.stdout
    assert analyze("security", "--offline=true", "--threshold=20", unit).returncode == 0


def test_an_xrt_drop_in_is_understood(unit, prefix, tmp_path):
    whole = tmp_path / "streamtensord.service"
    whole.write_text(unit.read_text().replace("[Install]", (prefix / "share/streamtensor/systemd/xrt-cards.conf").read_text() + "[Install]"))
    assert [line for line in analyze("verify", "--man=no", whole).stderr.splitlines() if "streamtensor" in line] == []
    assert f"XILINX_XRT={prefix}/lib/streamtensor/xrt" in whole.read_text()
    assert (prefix / "lib/streamtensor/xrt/lib").exists()


def test_the_daemon_compiles_and_serves_within_the_unit(prefix, unit, tmp_path):
    """Under the unit's system call rules: compiler, card and server do all they have to."""
    model = tmp_path / "tiny.gguf"
    subprocess.run([sys.executable, ROOT / "tests/models/make_tiny_llama.py", model], check=True, timeout=60)
    confined = [sys.executable, "-B", pathlib.Path(__file__).with_name("confined.py"), unit]
    with Daemon(prefix / "bin", [{"name": "tiny", "source": model, "max_context": 128}], wrapper=confined) as daemon:
        daemon.wait_ready("tiny", timeout=300)
        request = daemon.pb.GenerateRequest(model="tiny", prompt="hello", sampling={"temperature": 0}, stopping={"max_tokens": 20, "ignore_eos": True})
        alone = list(daemon.stub.Generate(request).token_ids)
        assert len(alone) == 20
        assert daemon.reload(limits={"max_queue": 3})
        for card in daemon.children():
            os.kill(card, signal.SIGKILL)
        for _ in range(600):
            if "back after 1 resets" in daemon.log():
                break
            time.sleep(0.05)
        assert list(daemon.stub.Generate(request).token_ids) == alone
        assert daemon.http("/readyz")[0] == 200 and "process_resident_memory_bytes" in daemon.metrics()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to another user")
def test_the_user_and_its_folder(prefix, tmp_path):
    for part in ("sysusers.d", "tmpfiles.d"):
        (tmp_path / "usr/lib" / part).mkdir(parents=True)
        (tmp_path / "usr/lib" / part / "streamtensor.conf").write_text((prefix / "lib" / part / "streamtensor.conf").read_text())
    (tmp_path / "etc").mkdir()
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        done = subprocess.run([*command, f"--root={tmp_path}"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    user = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("streamtensor:")]
    assert len(user) == 1 and user[0][5] == "/var/lib/streamtensor" and user[0][6].endswith("nologin")
    folder = os.stat(tmp_path / "var/lib/streamtensor")
    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert folder.st_uid == int(user[0][2])
