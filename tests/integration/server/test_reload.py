# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: another configuration, all or nothing, without dropping streams; one daemon a cache; systemd's signs."""

import os
import signal
import socket
import subprocess
import threading
import time

import grpc
import pytest

from conftest import BIN, dummy_cards
from daemon import Daemon
from test_lifecycle import calls, serving, wait_for, write_compiler
from grpc_health.v1 import health_pb2

SERVING = health_pb2.HealthCheckResponse.SERVING


def stream_tokens(daemon, request, results):
    """Reads a stream to its end on a thread: appends its tokens, or its error."""

    def read():
        try:
            results.append([i for part in daemon.stub.GenerateStream(request) for i in part.token_ids])
        except grpc.RpcError as error:
            results.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    return thread


def code_of(call):
    try:
        call()
        return grpc.StatusCode.OK
    except grpc.RpcError as error:
        return error.code()


def test_models_come_and_go_under_running_streams(start, artifact, request_for):
    first = [{"name": "a", "artifact": str(artifact), "cards": [0]}, {"name": "b", "artifact": str(artifact), "cards": [1]}]
    running = start(first, dummy_cards(3, step_us=10000))
    for name in "ab":
        running.wait_ready(name)
    alone = {}
    for name in "ab":
        request = request_for(model=name, max_tokens=150)
        request.stopping.ignore_eos = True
        alone[name] = request
    results = {name: [] for name in "ab"}
    threads = [stream_tokens(running, alone[name], results[name]) for name in "ab"]
    wait_for(lambda: running.metrics()['streamtensor_running_requests{model="b",card="dummy:1"}'] == 1)

    # b goes, c comes on the third card and d on the one that b still streams from.
    assert running.reload(
        models=[first[0], {"name": "c", "artifact": str(artifact), "cards": [2]}, {"name": "d", "artifact": str(artifact), "cards": [1]}]
    )
    running.wait_ready("c")
    assert running.state("d") == "LOADING"
    assert code_of(lambda: running.stub.Generate(request_for(model="d"))) == grpc.StatusCode.UNAVAILABLE
    assert code_of(lambda: running.stub.Generate(request_for(model="b"))) == grpc.StatusCode.NOT_FOUND
    assert serving(running, "b") != SERVING and serving(running, "c") == SERVING
    expected = list(running.stub.Generate(request_for(model="c", max_tokens=20)).token_ids)
    for thread in threads:
        thread.join()
    running.wait_ready("d")
    assert list(running.stub.Generate(request_for(model="d", max_tokens=20)).token_ids) == expected
    assert results["a"] == results["b"] and len(results["a"][0]) == 150, "no stream noticed"
    wait_for(lambda: serving(running) == SERVING)
    assert running.stop() == 0


def test_a_bad_configuration_changes_nothing(start, artifact, tmp_path, request_for):
    running = start(cards=dummy_cards(2))
    running.wait_ready("tiny")
    tiny = {"name": "tiny", "artifact": str(artifact), "cards": [0]}
    before = running.log()
    bad = [
        ({"models": [tiny, {"name": "x", "artifact": str(tmp_path / "nothing"), "cards": [1]}]}, "nothing"),
        ({"models": [tiny, {"name": "x"}]}, "neither source nor artifact"),
        ({"models": [tiny], "server": {"listen": "127.0.0.1:1", "metrics_listen": "127.0.0.1:2"}}, "restart to apply it"),
        ({"models": [tiny], "limits": {"max_queue": 0}}, "limits.max_queue"),
    ]
    good = dict(running.configuration)
    for sections, message in bad:
        assert running.reload(**sections) is False
        assert message in running.log()[len(before):], running.log()
        assert [m.name for m in running.stub.ListModels(running.pb.ListModelsRequest()).models] == ["tiny"]
        running.configuration = dict(good)
    assert list(running.stub.Generate(request_for()).token_ids)
    assert running.reload()
    assert serving(running) == SERVING
    assert running.stop() == 0


def test_limits_change_while_running(start, artifact, request_for):
    running = start(cards=dummy_cards(step_us=20000), limits={"max_queue": 1, "max_running": 1})
    running.wait_ready("tiny")
    request = request_for(max_tokens=100)
    request.stopping.ignore_eos = True
    streams = [running.stub.GenerateStream(request) for _ in range(2)]
    wait_for(lambda: running.metrics()['streamtensor_running_requests{model="tiny",card="dummy:0"}'] == 1)
    wait_for(lambda: running.metrics()['streamtensor_waiting_requests{model="tiny",card="dummy:0"}'] == 1)
    assert code_of(lambda: running.stub.Generate(request)) == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert running.reload(limits={"max_queue": 5, "max_running": 4, "max_prompt_tokens": 3})
    wait_for(lambda: running.metrics()['streamtensor_running_requests{model="tiny",card="dummy:0"}'] == 2)
    with pytest.raises(grpc.RpcError) as error:
        running.stub.Generate(request_for(prompt="longer than three tokens"))
    assert "limits.max_prompt_tokens allows 3" in error.value.details()
    for stream in streams:
        stream.cancel()
    assert running.stop() == 0


def test_a_smaller_cache_holds_at_once(start, artifact, tmp_path):
    compiler = {"program": str(write_compiler(tmp_path, artifact))}
    made = tmp_path / "cache" / "artifacts"
    (artifact / "padding").write_bytes(b"x" * (1 << 20))
    try:
        for turn in range(3):
            model = tmp_path / "model.gguf"
            model.write_bytes(b"GGUF %d" % turn)
            running = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
            running.wait_ready("tiny")
            if turn < 2:
                assert running.stop() == 0
    finally:
        (artifact / "padding").unlink()

    def kept():
        return [p.name for p in made.iterdir() if not p.name.startswith(".")]

    assert len(kept()) == 3
    assert running.reload(cache={"dir": str(tmp_path / "cache"), "max_bytes": 1 << 20})
    wait_for(lambda: len(kept()) == 1)
    assert running.state("tiny") == "READY", "what is in use stays"
    assert running.stop() == 0


def test_a_source_is_compiled_before_anything_changes(start, artifact, tmp_path, request_for):
    compiler = {"program": str(write_compiler(tmp_path, artifact, seconds=0.5))}
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF and more")
    running = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    running.wait_ready("tiny")
    other = tmp_path / "other.gguf"
    other.write_bytes(b"ELF")
    assert running.reload(models=[{"name": "tiny", "source": str(other)}]) is False
    assert "is no GGUF file" in running.log()
    assert list(running.stub.Generate(request_for()).token_ids), "the one before serves on"
    other.write_bytes(b"GGUF of another content")
    running.reload(wait=False)
    wait_for(lambda: len(calls(tmp_path)) == 3)
    assert list(running.stub.Generate(request_for()).token_ids), "also while the next is compiled"
    wait_for(lambda: "the configuration is reloaded" in running.log())
    running.wait_ready("tiny")
    assert running.stop() == 0


def test_a_compilation_that_nobody_wants_any_more_is_given_up(start, artifact, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = {"program": str(write_compiler(tmp_path, artifact, seconds=300))}
    running = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    wait_for(lambda: len(calls(tmp_path)) == 1)
    tiny = {"name": "tiny", "source": str(model), "cards": [0]}
    assert running.state("tiny") == "COMPILING"
    assert running.reload(models=[{"name": "other", "artifact": str(artifact)}])
    running.wait_ready("other")
    assert running.children() == set()
    running.reload(wait=False, models=[{"name": "other", "artifact": str(artifact), "cards": [0]}, tiny | {"cards": [1]}], cards=dummy_cards(2))
    wait_for(lambda: len(calls(tmp_path)) == 2)
    assert running.state("tiny") == "COMPILING", "shown while it is prepared"
    assert running.stop() == 0


def test_a_failed_model_is_tried_again(start, artifact, tmp_path):
    running = start([{"name": "tiny", "artifact": str(tmp_path / "later")}], dummy_cards())
    running.wait_state("tiny", "FAILED")
    (tmp_path / "later").symlink_to(artifact)
    assert running.reload()
    wait_for(lambda: running.state("tiny") == "READY")
    assert running.stop() == 0


def test_cards_that_can_not_be_opened_are_tried_again(start, request_for):
    cards = dummy_cards(2)
    cards[0]["faults"] = {"failed_opens": 3}
    cards[1]["faults"] = {"failed_opens": 1}
    running = start(cards=cards)
    wait_for(lambda: running.state("tiny") == "READY")
    assert "card dummy:0: cannot be opened yet" in running.log()
    wait_for(lambda: running.metrics().get('streamtensor_card_state{card="dummy:0",state="ready"}') == 1)
    assert running.stop() == 0


def test_a_cache_has_one_daemon(start, artifact, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = {"program": str(write_compiler(tmp_path, artifact))}
    first = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    first.wait_ready("tiny")
    second = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    assert second.process.wait(timeout=30) == 1
    assert f"is in use by another streamtensord (process {first.process.pid})" in second.log()
    assert "cache.dir" in second.log()
    first.process.kill()
    first.process.wait()
    third = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    third.wait_ready("tiny")
    assert third.stop() == 0


def test_systemd_hears_of_life(artifact, tmp_path):
    """READY=1 at once, WATCHDOG=1 again and again, STOPPING=1, and how long that may take."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(30)
        environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"}
        daemon = Daemon(BIN, [{"name": "tiny", "artifact": str(artifact)}], dummy_cards(), tmp_path / "cache",
                        {"limits": {"drain_seconds": 200}}, environment=environment)
        with daemon:
            assert notify.recv(1000) == b"READY=1"
            for _ in range(3):
                assert notify.recv(1000) == b"WATCHDOG=1"
            assert daemon.http("/healthz") == (200, "ok\n")
            daemon.process.terminate()
            while (message := notify.recv(1000)) != b"STOPPING=1":
                assert message == b"WATCHDOG=1"
            assert notify.recv(1000) == b"EXTEND_TIMEOUT_USEC=230000000"


def test_a_damaged_artifact_of_the_cache_is_made_again(start, artifact, tmp_path):
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = {"program": str(write_compiler(tmp_path, artifact))}
    running = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    running.wait_ready("tiny")
    assert running.stop() == 0
    (cached,) = [p for p in (tmp_path / "cache" / "artifacts").iterdir() if not p.name.startswith(".")]
    (cached / "manifest.json").write_text((cached / "manifest.json").read_text()[:100])
    again = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    again.wait_ready("tiny")
    assert len(calls(tmp_path)) == 2 and "is compiled again" in again.log()
    assert again.stop() == 0


def in_namespace(*commands):
    """A wrapper that runs the daemon after mount commands of its own, or a skip where the kernel forbids that."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        pytest.skip("this host lets nobody mount in a namespace of its own")
    return ["unshare", "-rm", "sh", "-c", " && ".join([*commands, 'exec "$@"']), "sh"]


def test_a_full_disk_fails_the_model_alone(artifact, tmp_path, request_for):
    cache = tmp_path / "cache"
    cache.mkdir()
    full = cache / "filler"
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    compiler = {"program": str(write_compiler(tmp_path, artifact))}
    wrapper = in_namespace(f"mount -t tmpfs -o size=128k none {cache}", f"(head -c 1M /dev/zero >{full} 2>/dev/null || true)")
    models = [{"name": "ok", "artifact": str(artifact), "cards": [0]}, {"name": "tiny", "source": str(model), "cards": [1]}]
    with Daemon(BIN, models, dummy_cards(2), cache, {"compiler": compiler}, wrapper=wrapper) as running:
        running.wait_ready("ok")
        failed = running.wait_state("tiny", "FAILED")
        assert "No space left on device" in failed.error, failed.error
        assert list(running.stub.Generate(request_for(model="ok")).token_ids), "others serve"
        # Somebody makes room: as good as new after SIGHUP.
        os.unlink(f"/proc/{running.process.pid}/root{full}")
        assert running.reload()
        wait_for(lambda: running.state("tiny") == "READY")


def test_a_read_only_cache_gives_what_it_holds(start, artifact, tmp_path):
    cache = tmp_path / "cache"
    model = tmp_path / "model.gguf"
    model.write_bytes(b"GGUF")
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF too")
    compiler = {"program": str(write_compiler(tmp_path, artifact))}
    running = start([{"name": "tiny", "source": str(model)}], compiler=compiler)
    running.wait_ready("tiny")
    assert running.stop() == 0
    wrapper = in_namespace(f"mount --bind {cache} {cache}", f"mount -o remount,bind,ro {cache}")
    models = [{"name": "tiny", "source": str(model), "cards": [0]}, {"name": "new", "source": str(other), "cards": [1]}]
    with Daemon(BIN, models, dummy_cards(2), cache, {"compiler": compiler}, wrapper=wrapper) as reader:
        reader.wait_ready("tiny")
        failed = reader.wait_state("new", "FAILED")
        assert "is read-only" in failed.error and str(cache) in failed.error


def test_the_cache_keeps_its_size_and_outlives_kills(start, artifact, tmp_path):
    """The daemon is killed again and again while it compiles and drops artifacts: what is there is whole."""
    size = sum(f.stat().st_size for f in artifact.iterdir())
    files = {f.name: f.read_bytes() for f in artifact.iterdir()}
    slow = {"program": str(write_compiler(tmp_path, artifact, seconds=0.02))}
    limit = max(4 << 20, 3 * size)
    artifacts = tmp_path / "cache" / "artifacts"
    # Big enough that four of them are beyond it, and one is beyond the smallest that can be configured.
    padding = limit // 3
    (artifact / "padding").write_bytes(b"x" * padding)
    files["padding"] = b"x" * padding
    try:
        for turn in range(12):
            model = tmp_path / "model.gguf"
            model.write_bytes(b"GGUF %d" % turn)
            running = start([{"name": "tiny", "source": str(model)}], compiler=slow, cache={"dir": str(tmp_path / "cache"), "max_bytes": limit})
            if turn % 3 == 2:
                running.wait_ready("tiny")
                assert running.stop() == 0
                total = sum(f.stat().st_size for f in artifacts.rglob("*") if f.is_file())
                assert total <= limit, "half-made ones are swept too"
                # A smaller limit holds at once, but for what is in use.
                again = start([{"name": "tiny", "source": str(model)}], compiler=slow, cache={"dir": str(tmp_path / "cache"), "max_bytes": 1 << 20})
                again.wait_ready("tiny")
                wait_for(lambda: len([p for p in artifacts.iterdir() if not p.name.startswith(".")]) == 1)
                assert again.stop() == 0
            else:
                wait_for(lambda turn=turn: len(calls(tmp_path)) > turn)
                time.sleep(0.013 * turn)
                running.process.send_signal(signal.SIGKILL)
                running.process.wait()
            for made in artifacts.iterdir():
                if not made.name.startswith("."):
                    assert {f.name: f.read_bytes() for f in made.iterdir()} == files
    finally:
        (artifact / "padding").unlink()
