# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the daemon with our configuration and answers every query of the dashboard."""

import json
import math
import pathlib
import re
import subprocess
import time
import urllib.parse
import urllib.request

import grpc
import pytest

from conftest import BIN, ROOT, free_ports, protos

DASHBOARD = json.loads((ROOT / "deploy/grafana/streamtensor.json").read_text())
# An emulated card has no such sensor, and nothing is lost or preempted here.
WITHOUT_SERIES = {"streamtensor_card_temperature_celsius"}

# Every name that the documents promise.
NAMES = """
requests_total requests_failed_total requests_rejected_total time_to_first_token_seconds inter_token_latency_seconds
request_queue_seconds request_duration_seconds prompt_tokens_total cached_prompt_tokens_total generated_tokens_total
running_requests waiting_requests preemptions_total kv_pages steps_total step_tokens card_state card_power_watts
card_energy_joules_total request_energy_joules last_step_timestamp_seconds build_info model_state
log_lines_dropped_total
""".split()
LABELS = {"model", "card", "reason", "source", "finish_reason", "state", "port"}


class Prometheus:
    def __init__(self, folder, targets):
        programs = subprocess.run([ROOT / "scripts/fetch-prometheus"], capture_output=True, text=True, check=True, timeout=300)
        deploy = ROOT / "deploy/prometheus"
        configuration = (deploy / "prometheus.yml").read_text()
        configuration = configuration.replace('"127.0.0.1:9464"', ", ".join(f'"{t}"' for t in targets)).replace("interval: 15s", "interval: 1s")
        assert targets[0] in configuration and "interval: 1s" in configuration
        (folder / "prometheus.yml").write_text(configuration)
        for rules in deploy.glob("streamtensor.*.yml"):
            (folder / rules.name).write_text(rules.read_text())
        port = free_ports(1)[0]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "log.txt"
        self.process = subprocess.Popen(
            [pathlib.Path(programs.stdout.strip()) / "prometheus", f"--config.file={folder}/prometheus.yml",
             f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=self.log.open("w"), stderr=subprocess.STDOUT,
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.address}/-/ready", timeout=5).close()
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def get(self, path, **query):
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            body = json.load(answer)
        assert body["status"] == "success" and not body.get("warnings"), body
        return body["data"]

    def query(self, expression):
        data = self.get("query", query=expression)
        return data["result"] if data["resultType"] != "scalar" else [{"metric": {}, "value": data["result"]}]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="module")
def prometheus(daemon, tmp_path_factory):
    running = Prometheus(tmp_path_factory.mktemp("prometheus"), [f"127.0.0.1:{daemon.metrics_port}"])
    try:
        # Its discovery takes some seconds before the first scrape.
        for _ in range(300):
            if running.query('up{job="streamtensor"} == 1'):
                break
            time.sleep(0.1)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def traffic(daemon, prometheus):
    """Requests of all kinds, over some scrapes."""
    pb = protos().pb

    def fails(code, **fields):
        with pytest.raises(grpc.RpcError) as error:
            daemon.stub.Generate(pb.GenerateRequest(**fields), timeout=0.05)
        assert error.value.code() == code

    for _ in range(3):
        for model in ("llama", "tiny"):
            load = daemon.ctl("bench", "--model", model, "--concurrency", "3", "--requests", "6", "--prompt-tokens", "40",
                              "--shared-prefix", "36", "--max-tokens", "8")
            assert load.returncode == 0, load.stderr
        fails(grpc.StatusCode.NOT_FOUND, model="nope", prompt="x")
        fails(grpc.StatusCode.DEADLINE_EXCEEDED, model="tiny", tokens={"ids": [5] * 400}, stopping={"max_tokens": 100, "ignore_eos": True})
        time.sleep(1.2)
    time.sleep(1)


def finite(result):
    return [r for r in result if math.isfinite(float(r["value"][1]))]


def queries():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def test_every_query_of_the_dashboard_has_an_answer(prometheus, traffic):
    asked = 0
    for title, expression in queries():
        expression = expression.replace("$__rate_interval", "10s").replace("$instance", ".*").replace("$model", ".*")
        assert "$" not in expression, f"{title}: {expression}"
        result = prometheus.query(expression)
        if any(name in expression for name in WITHOUT_SERIES):
            assert result == []
        else:
            assert finite(result), f"{title}: no value for {expression}: {result}"
        asked += 1
    assert asked > 25


def test_dashboard_variables(prometheus, traffic, daemon):
    found = {}
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            found[variable["name"]] = set(prometheus.get(f"label/{label}/values", **{"match[]": metric}))
    assert found == {"instance": {f"127.0.0.1:{daemon.metrics_port}"}, "model": {"llama", "tiny"}}


def test_panels_do_not_overlap():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_rules_are_evaluated_and_nothing_is_alarming(prometheus, traffic):
    groups = prometheus.get("rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 15
    for rule in rules:
        assert rule["health"] == "ok", rule
    firing = [rule["name"] for rule in rules if rule.get("alerts") and rule["state"] == "firing"]
    assert firing == []


def test_energy_keeps_its_source(prometheus, traffic, daemon):
    joules = finite(prometheus.query("streamtensor:joules_per_token:rate5m{model='llama'}"))
    assert [r["metric"]["source"] for r in joules] == ["modelled"] and float(joules[0]["value"][1]) > 0
    # The rule's figure is the daemon's own, counted over everything.
    samples = daemon.metrics()
    energy = samples['streamtensor_card_energy_joules_total{card="emulated:0",source="modelled"}']
    requests = sum(value for name, value in samples.items() if name.startswith("streamtensor_request_energy_joules_sum") and "llama" in name)
    assert requests == pytest.approx(energy, rel=1e-6), "a step's joules are divided among its tokens, none is left over"


def test_modelled_figures_by_step_shape(daemon, llama):
    """A reply of one step on an empty context is the first shape, in cycles and joules."""
    pb = protos().pb
    shapes = daemon.stub.GetModel(pb.GetModelRequest(name="llama")).modelled_decode
    assert [shape.tokens_per_step for shape in shapes] == list(range(1, 17))
    joules = [shape.modelled_joules for shape in shapes]
    assert joules == sorted(joules) and joules[15] / 16 < joules[0], "the weights are read once a step"
    request = pb.GenerateRequest(model="llama", tokens={"ids": [5]}, stopping={"max_tokens": 1, "ignore_eos": True})
    reply = daemon.stub.Generate(request)
    assert reply.card.modelled_cycles == shapes[0].modelled_cycles
    assert reply.energy.source == pb.ENERGY_SOURCE_MODELLED and reply.energy.joules == pytest.approx(joules[0])
    written = json.loads(daemon.ctl("generate", "--model", "llama", "--prompt", "a", "--max-tokens", "1", "--json").stdout)
    assert written["usage"]["prompt_tokens"] == 1 and set(written["modelled"]) == {"cycles", "seconds", "joules"}
    assert written["modelled"]["cycles"] == shapes[0].modelled_cycles and written["modelled"]["joules"] == pytest.approx(joules[0])
    alone = subprocess.run([BIN / "streamtensorc", "run", llama, "--tokens", "5"], capture_output=True, text=True, timeout=60)
    assert re.search(rf"; {shapes[0].modelled_cycles} cycles, [\d.]+ ms, \d+ tokens/s, [\d.]+ J \(modelled\)", alone.stderr), alone.stderr
    listed = {m["name"]: m for m in json.loads(daemon.ctl("models", "--json").stdout)["models"]}
    assert [shape["modelled_joules"] for shape in listed["llama"]["modelled_decode"]] == joules
    assert "modelled_decode" not in listed["tiny"], "a dummy card models nothing"
    listing = daemon.ctl("models").stdout
    assert max(map(len, listing.splitlines())) <= 100
    notes = dict(re.findall(r"^(\S+) .*\n((?:  .*\n)*)", listing, re.MULTILINE))
    assert f"modelled: 1 stream: {shapes[0].modelled_cycles} cycles a step" in notes["llama"] and "16 streams" in notes["llama"]
    assert not notes["tiny"]


def test_names_labels_and_types(daemon, traffic):
    status, text = daemon.http("/metrics")
    assert status == 200
    typed = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    assert set(typed) == helped
    ours = {name.removeprefix("streamtensor_") for name in typed if name.startswith("streamtensor_")}
    assert ours >= set(NAMES), set(NAMES) - ours
    table = (ROOT / "docs/operations.md").read_text().split("## Metrics")[1].split("\n## ")[0]
    documented = {name for line in table.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert documented - {"card_temperature_celsius"} == ours, "docs/operations.md names each; an emulated card has no temperature"
    for name, kind in typed.items():
        assert (kind == "counter") == name.endswith("_total"), name
    # Of every line: the labels that are allowed, and no cards without their name.
    for labels in re.findall(r"^streamtensor_\w+\{(.*)\} \S+$", text, re.MULTILINE):
        used = set(re.findall(r'(\w+)="', labels))
        assert used <= LABELS | {"le", "version"}, labels
    assert 'inter_token_latency_seconds_bucket{model="tiny",le="0.0001"}' in text
    process = {name for name in typed if name.startswith("process_")}
    assert process >= {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
                       "process_open_fds", "process_max_fds", "process_start_time_seconds"}
    start = float(re.search(r"^process_start_time_seconds (\S+)$", text, re.MULTILINE).group(1))
    assert time.time() - 300 < start <= time.time()
    # Rules and dashboard ask for nothing that is not there.
    wanted = " ".join(path.read_text() for path in [*(ROOT / "deploy/prometheus").glob("streamtensor.*"), ROOT / "deploy/grafana/streamtensor.json"])
    for name in set(re.findall(r"\bstreamtensor_\w+", wanted)) - WITHOUT_SERIES:
        assert re.sub("_(bucket|sum|count)$", "", name) in typed, name


def test_the_real_promtool_likes_our_text(daemon, traffic):
    programs = subprocess.run([ROOT / "scripts/fetch-prometheus"], capture_output=True, text=True, check=True).stdout.strip()
    _, text = daemon.http("/metrics")
    done = subprocess.run([pathlib.Path(programs) / "promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
