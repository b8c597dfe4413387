// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/finding.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace hls_lint {

const std::vector<Rule>& Rules() {
  static const std::vector<Rule> rules = {
      {"language", "is C++14, as it stands"},
      {"library", "includes nothing but Vitis' headers, stdint.h, math.h and the kernel library"},
      {"fork", "forks between host and synthesis in kernels/st alone"},
      {"allocation", "allocates no memory"},
      {"indirect-call", "calls functions by name"},
      {"recursion", "does not recur"},
      {"dynamic-alloca", "has arrays of constant size"},
      {"stored-pointer", "keeps no pointer in memory and makes no integer of one"},
      {"callee", "calls nothing outside of the list"},
      {"loop-bound", "has loops whose bound is known, or is clamped to the declared bound of what was read"},
      {"symbol-bound", "runs no loop longer than the bound of its symbol (T, W) allows"},
      {"static-local", "has no static locals"},
      {"mutable-global", "has no variables at namespace scope"},
      {"ap-arithmetic", "does no arithmetic on ap_uint"},
      {"float-only", "has no floating point but float"},
      {"nonblocking", "never asks whether a FIFO is empty or full"},
      {"pointer-element", "has no pointers in stream elements"},
      {"depth", "gives each FIFO its depth as a template argument, and nowhere else"},
      {"task", "has no hls::task"},
      {"top-shape", "has a top function of declarations, ST_PROCESS and a last ST_DATAFLOW_END"},
      {"scalar-argument", "gives processes streams and pointers alone"},
      {"shared-pointer", "gives each pointer argument to exactly one process"},
      {"interface",
       "wires each pointer by an m_axi INTERFACE, with a channel of its own where a bundle is shared"},
      {"axi-masters", "has at most 32 AXI masters, one for each bundle"},
      {"stream-ends", "has FIFOs of exactly one writer and one reader"},
      {"call-order",
       "calls the writer of each FIFO before its reader, for all but two FIFOs, which start propagation must "
       "not tie"},
      {"cycle-flatten", "keeps pipelined loops of processes on a cycle apart (LOOP_FLATTEN off around them)"},
      {"cycle-pipeline",
       "lets a pipelined loop that takes from a cycle and gives to it drain (style = flp or frp)"},
      {"loop-pragma", "has PIPELINE, UNROLL and LOOP_FLATTEN inside of loops alone"},
      {"pragma", "uses the pragmas and options that all supported versions of Vitis HLS document"},
      {"block-partition", "partitions no block of a stream of blocks"},
      {"block-index", "chooses no stream of blocks at run time, but by the counter of an unrolled loop"},
      {"pipelined-block", "takes and hands on blocks outside of pipelined loops"},
  };
  return rules;
}

void Findings::Add(const std::string& rule, const std::string& where, const std::string& what) {
  if (std::none_of(Rules().begin(), Rules().end(), [&](const Rule& known) { return rule == known.id; })) {
    std::fprintf(stderr, "st_hls_lint: no rule '%s'\n", rule.c_str());
    std::abort();
  }
  for (const Finding& finding : all_) {
    if (finding.rule == rule && finding.where == where && finding.what == what) return;
  }
  all_.push_back({rule, where, what});
}

bool Findings::Has(const std::string& rule) const {
  return std::any_of(all_.begin(), all_.end(), [&](const Finding& finding) { return finding.rule == rule; });
}

}  // namespace hls_lint
