# SPDX-License-Identifier: Apache-2.0
"""`streamtensorc report` writes a page that Chromium draws from nothing else: as many nodes as the design has processes, no
error, no request, names from the model as text, by keyboard too."""
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import browser

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = pathlib.Path(os.environ.get("STREAMTENSOR_BIN", ROOT / "build/bin"))
D3 = pathlib.Path("/usr/share/nodejs/d3/dist/d3.min.js")
HOSTILE = '</script><script>window.hacked = 1</script><img src=x onerror="window.hacked = 2"><!--'

MISSING = [package for package, there in {"chromium": browser.program(), "graphviz": shutil.which("dot"),
                                          "node-d3": D3.exists()}.items() if not there]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def run(*arguments, code=0, **options):
    done = subprocess.run([str(BIN / "streamtensorc"), *map(str, arguments)], capture_output=True, text=True, timeout=600,
                          **options)
    assert done.returncode == code, done.stderr
    return done


def make(kind, folder):
    """A model of a kind, compiled, with a hostile name: on the engine, as a pipeline in its own types, a decoder."""
    model = folder / ("llama.gguf" if kind == "llama" else "mlp.mlir")
    maker = "make_tiny_llama.py" if kind == "llama" else "make_tiny_mlp.py"
    rows = ["--tokens", "2", "--width", "16", "--inner", "16"] if kind == "pipeline" else []
    subprocess.run([sys.executable, str(ROOT / "tests/models" / maker), *rows, str(model)], check=True)
    quantise = ["--quantise", "w8a8"] if kind == "quantised" else []
    run("compile", model, "-o", folder / "design", *quantise)
    manifest = json.loads((folder / "design/manifest.json").read_text())
    manifest["model_name"] = HOSTILE
    (folder / "design/manifest.json").write_text(json.dumps(manifest))
    return folder / "design"


@pytest.fixture(scope="module", params=["quantised", "pipeline", "llama"])
def design(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    artifact = make(request.param, folder)
    run("report", artifact, "-o", folder / "page.html")
    return request.param, artifact, folder / "page.html"


@pytest.fixture(scope="module")
def opened(design, tmp_path_factory):
    with browser.Browser(tmp_path_factory.mktemp("profile")) as chromium:
        chromium.open(design[2])
        yield chromium


def processes(artifact):
    return re.findall(r"ST_PROCESS\((\w+)", (artifact / "hls/design.cpp").read_text())


def test_every_process_is_a_node_and_nothing_fails(design, opened):
    _, artifact, page = design
    names = processes(artifact)
    assert len(names) > 3
    drawn = opened.run("[...document.querySelectorAll('.node')].map(node => node.dataset.process)")
    assert sorted(drawn) == sorted(names)
    fifos = opened.run("STEP.channels.length")
    assert opened.run("document.querySelectorAll('.edge').length") == fifos > len(names) // 2
    assert opened.run("[...document.querySelectorAll('#fifos tbody tr')].length") == fifos
    assert opened.run("TIMELINE.spans.length") == len(names)
    # FIFOs of the step's header and end are hidden; all others have a place in the layout.
    hidden = set(opened.run("CHANNELS.filter(({control}) => control).map(({name}) => name)"))
    assert hidden == set(opened.run("CHANNELS.map(({name}) => name).filter(name => /^(header|done)_/.test(name))"))
    assert opened.run("CHANNELS.every(({control, path}) => control || path.startsWith('M'))")
    assert opened.run("[...document.querySelectorAll('.edge:not([display])')].length") == fifos - len(hidden) > 0
    # All boxes are within the view, and apart.
    assert opened.run("""(() => {
      const view = document.getElementById('view').getBoundingClientRect();
      const boxes = [...document.querySelectorAll('.node .box')].map(box => box.getBoundingClientRect());
      const inside = boxes.every(box => box.left >= view.left && box.right <= view.right && box.top >= view.top &&
                                        box.bottom <= view.bottom);
      const apart = boxes.every((a, i) => boxes.every((b, j) => i === j || a.right <= b.left || b.right <= a.left ||
                                                                a.bottom <= b.top || b.bottom <= a.top));
      return inside && apart;
    })()""")
    assert opened.errors == []
    assert [url for url in opened.requests if not url.startswith("data:")] == [f"file://{page}"]
    assert page.stat().st_size < 3 << 20


def test_a_hostile_name_is_text(opened):
    assert opened.run("window.hacked === undefined")
    assert opened.run("document.querySelector('h1').textContent") == HOSTILE
    assert HOSTILE in opened.run("document.title")
    assert opened.run("document.querySelectorAll('img').length") == 0
    assert opened.run("document.querySelectorAll('script').length") == 3


def test_sections_come_with_their_data(design, opened):
    kind = design[0]
    sections = set(opened.run("[...document.querySelectorAll('section')].map(one => one.id)"))
    always = {"summary", "graph", "timeline", "causes", "floorplan", "memory", "roofline", "energy", "fifos", "processes"}
    assert sections == always | ({"quantisation"} if kind == "quantised" else set())
    # Each but the summary says of its figures what they are, and is reached from the top.
    assert opened.run("[...document.querySelectorAll('section:not(#summary)')].every(one => one.querySelector('.head .tag'))")
    assert opened.run("[...document.querySelectorAll('.tile')].every(one => one.querySelector('.kind'))")
    assert set(opened.run("[...document.querySelectorAll('#nav a')].map(one => one.hash.slice(1))")) == sections


def test_time_adds_up(opened):
    """What a process does over the step sums to the step, and so does the critical path."""
    assert opened.run("""CALLS.every(call =>
      Math.abs(d3.sum(ACTIVITIES, ({key}) => call.activity[key]) - CYCLES) < 1e-6 * CYCLES + 1)""")
    assert opened.run("Math.abs(d3.sum(STEP.causes, cause => cause.cycles) - CYCLES) < 1e-6 * CYCLES + 1")


def test_the_page_fits_the_screen(opened):
    assert opened.run("document.documentElement.scrollWidth") <= 1280


def test_by_keyboard(design, opened):
    names = processes(design[1])
    opened.run("document.querySelector('.node[tabindex=\"0\"]').focus()")
    seen = {opened.run("document.activeElement.dataset.process")}
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft", "ArrowRight"):
        opened.key(key)
        seen.add(opened.run("document.activeElement.dataset.process"))
    assert len(seen) > 2 and seen <= set(names)
    opened.key("Enter")
    chosen = opened.run("document.activeElement.dataset.process")
    assert opened.run("document.querySelector('#panel h3').textContent") == chosen
    before = opened.run("d3.zoomTransform(document.getElementById('view')).k")
    opened.key("+")
    assert opened.run("d3.zoomTransform(document.getElementById('view')).k") > before
    opened.key("0")
    opened.key("Escape")
    assert opened.run("document.querySelector('#panel h3').textContent") == "The design"

    opened.run("document.getElementById('time').focus()")
    opened.key("ArrowRight")
    assert opened.run("document.getElementById('time-says').textContent").startswith(names[0])
    opened.key("ArrowDown")
    assert opened.run("document.getElementById('time-says').textContent").startswith(names[1])
    assert opened.errors == []


def test_light_and_dark(opened):
    def back():
        return opened.run("getComputedStyle(document.body).backgroundColor")
    first = back()
    opened.run("document.getElementById('theme').click()")
    assert back() != first
    opened.run("document.getElementById('theme').click()")
    assert back() == first
    assert opened.errors == []


def test_the_data_is_one_object(design):
    text = design[2].read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL).group(1)
    assert json.loads(data)["artifact"]["model"] == HOSTILE
    assert html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;") in text


def test_mistakes(tmp_path, design):
    assert "does not exist" in run("report", tmp_path / "none", code=1).stderr
    assert "can't be written" in run("report", design[1], "-o", tmp_path / "none/page.html", code=1).stderr
    without_dot = {**os.environ, "PATH": str(tmp_path)}
    done = run("report", design[1], "-o", tmp_path / "page.html", code=1, env=without_dot)
    assert "install the Debian package graphviz" in done.stderr
    assert not (tmp_path / "page.html").exists()
