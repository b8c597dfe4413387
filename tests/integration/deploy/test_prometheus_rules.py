# SPDX-License-Identifier: Apache-2.0
"""Prometheus' files, by promtool; and that every alert has a test and a runbook entry."""

import pathlib
import re
import subprocess

from conftest import ROOT

DEPLOY = ROOT / "deploy/prometheus"
RULES_TEST = ROOT / "tests/integration/deploy/rules_test.yml"


def promtool(*arguments):
    folder = subprocess.run([ROOT / "scripts/fetch-prometheus"], capture_output=True, text=True, check=True, timeout=300).stdout.strip()
    return subprocess.run([pathlib.Path(folder) / "promtool", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def alerts():
    return re.findall(r"^ +- alert: (\w+)$", (DEPLOY / "streamtensor.alerts.yml").read_text(), re.MULTILINE)


def test_configuration():
    done = promtool("check", "config", "--lint=all", "--lint-fatal", DEPLOY / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_and_alerts():
    done = promtool("test", "rules", RULES_TEST)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_explained():
    text = RULES_TEST.read_text()
    runbook = (ROOT / "docs/operations.md").read_text()
    assert len(alerts()) > 10
    for alert in alerts():
        # Firing somewhere: with labels expected.
        assert re.search(rf"- alertname: {alert}\n +eval_time: \w+\n +exp_alerts:\n +- exp_labels", text), alert
        assert f"### {alert}\n" in runbook, alert
    named = set(re.findall(r"^### (Streamtensor\w+)$", runbook, re.MULTILINE))
    assert named == set(alerts())

