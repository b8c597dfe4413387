# SPDX-License-Identifier: Apache-2.0
"""The rows of docs/evidence.md: made by scripts/make-evidence, and compared with the page by the tests that run the same."""
import json
import re

import tools

PAGE = tools.ROOT / "docs/evidence.md"
BOXES = sorted((tools.RTL / "blackbox").glob("*.json"))
BENCHES = {
    "mac_slice_1": ("mac_slice_bench.cpp", "st_mac_slice", {"LANES": 1}, {"BENCH_LANES": 1}),
    "mac_slice_2": ("mac_slice_bench.cpp", "st_mac_slice", {"LANES": 2}, {"BENCH_LANES": 2}),
    "scale_stage_1": ("scale_stage_bench.cpp", "st_scale_stage", {"LANES": 1}, {"BENCH_LANES": 1}),
    "scale_stage_2": ("scale_stage_bench.cpp", "st_scale_stage", {"LANES": 2}, {"BENCH_LANES": 2}),
    **{f"stream_fifo_{stages}": ("stream_fifo_bench.cpp", "st_stream_fifo",
                                 {"WIDTH": 96, "DEPTH": depth, "STAGES": stages},
                                 {"BENCH_DEPTH": depth, "BENCH_STAGES": stages})
       for depth, stages in ((32, 0), (16, 1), (64, 2))},
}
SEED = 1
CYCLES_HEAD = ["| module | seed | words | cycles compared | differences | ends of counters and rare events met |",
               "|---|---|---|---|---|---|"]
RESOURCES_HEAD = ["| black box | DSP | LUT: bill, yosys | FF: bill, yosys | URAM |", "|---|---|---|---|---|"]


def build(name, runtime, folder, rtl=tools.RTL):
    bench, top, parameters, definitions = BENCHES[name]
    return tools.build_bench(bench, top, runtime, folder, parameters, definitions, rtl)


def build_path(lanes, runtime, folder):
    return tools.build_bench("path_bench.cpp", "path", runtime, folder, {"LANES": lanes}, {"BENCH_LANES": lanes},
                             modules=[tools.BENCHES / "path.sv"], functions=sorted((tools.RTL / "blackbox").glob("*.cpp")), types=tools.AMD_TYPES)


def run_bench(program, seed=SEED):
    return json.loads(tools.run([program, str(seed)]).splitlines()[-1])


def run_benches(folder):
    """What each bench says of itself with the page's seed."""
    tools.build_runtime(folder)
    programs = [build(name, folder, folder / name) for name in BENCHES]
    programs += [build_path(lanes, folder, folder / f"path_{lanes}") for lanes in (1, 2)]
    return [run_bench(program) for program in programs]


def resources(path):
    """What a black box says that it takes, and what yosys counts."""
    said = {name: int(count) for name, count in json.loads(path.read_text())["rtl_resource_usage"].items()}
    return said, tools.count_resources(path.stem)


def cycles_row(found):
    met = f"{found['borders'] - found['missed']} of {found['borders']}"
    return (f"| {found['bench']} | {found['seed']} | {found['words']:,} | {found['cycles']:,} | "
            f"{found['differences']} | {met} |")


def resources_row(path, said, counted):
    pairs = [f"{said[name]:,}, {counted[name]:,} ({100 * (said[name] / counted[name] - 1):+.0f} %)"
             for name in ("LUT", "FF")]
    return f"| `{path.stem}` | {counted['DSP']} | {pairs[0]} | {pairs[1]} | {counted['URAM']} |"


def calibration_rows(output):
    """The sums that published_loops_test prints."""
    rows = re.findall(r"^(?:of|areas of) \d+ loops: .*$", output, re.MULTILINE)
    assert rows, output
    return [f"- {row[0].upper()}{row[1:]}." for row in rows]


def is_on_the_page(row):
    return row in PAGE.read_text().splitlines()
