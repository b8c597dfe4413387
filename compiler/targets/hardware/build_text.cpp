// SPDX-License-Identifier: Apache-2.0
#include "compiler/targets/hardware/build_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::compiler {

std::string MakefileText(const Platform& platform, const std::string& kernel, const std::string& kernels) {
  std::string text = absl::StrCat(
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# Written by streamtensorc: builds $(BUILD)/design.xclbin for ",
      platform.title,
      " with Vitis. Never tried on a real card.\n"
      "# Then: streamtensorc package .. --xclbin $(BUILD)/design.xclbin\n\n");
  absl::StrAppend(&text, "VPP ?= v++\n", "XCLBINUTIL ?= xclbinutil\n", "# The folder that holds st/.\n",
                  "KERNELS ?= ", kernels, "\n",
                  "# A name that v++ finds under PLATFORM_REPO_PATHS, or the path of an .xpfm file.\n",
                  "PLATFORM ?= ", platform.vitis->platform, "\n", "CLOCK_MHZ ?= ", platform.ClockMhz(), "\n",
                  "JOBS ?= 8\n", "BUILD ?= build\n", "# Further options of both v++ steps.\n",
                  "VPPFLAGS ?=\n\n");
  absl::StrAppend(&text,
                  "flags = -t hw --platform $(PLATFORM) --kernel_frequency $(CLOCK_MHZ) --save-temps \\\n"
                  "        --temp_dir $(BUILD)/temp --log_dir $(BUILD)/log --report_dir $(BUILD)/report "
                  "$(VPPFLAGS)\n\n");
  absl::StrAppend(
      &text,
      "# The manifest travels inside the container, so that it can be told from another design's.\n"
      "$(BUILD)/design.xclbin: $(BUILD)/linked.xclbin user_metadata.json\n"
      "\t$(XCLBINUTIL) --force --input $< --add-section USER_METADATA:RAW:user_metadata.json --output $@\n\n"
      "$(BUILD)/linked.xclbin: $(BUILD)/design.xo connectivity.cfg\n"
      "\t$(VPP) -l $(flags) --config connectivity.cfg -j $(JOBS) -o $@ $<\n\n"
      "$(BUILD)/design.xo: design.cpp design.h\n"
      "\tmkdir -p $(BUILD)\n"
      "\t$(VPP) -c $(flags) -k ",
      kernel,
      " -I $(KERNELS) -o $@ $<\n\n"
      "clean:\n"
      "\trm -rf $(BUILD)\n"
      ".PHONY: clean\n"
      ".DELETE_ON_ERROR:\n");
  return text;
}

std::string ProcessScriptText(const Platform& platform, const std::string& kernels) {
  std::string text = absl::StrCat(
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# Written by streamtensorc: one process of the design by itself. Never tried with Vitis.\n"
      "#   PROCESS=fork vitis_hls -f process.tcl                          C synthesis: II, latency, "
      "resources\n"
      "#   PROCESS=fork TESTBENCH=fork_test.cpp vitis_hls -f process.tcl   C simulation and co-simulation "
      "too\n"
      "# processes.cpp has each process that moves words as a separate function, PROCESS_top; not those of "
      "blocks.\n"
      "if {![info exists ::env(PROCESS)]} { puts \"set PROCESS to a process of processes.cpp\"; exit 2 }\n"
      "set process $::env(PROCESS)\n");
  absl::StrAppend(
      &text, "set kernels [expr {[info exists ::env(KERNELS)] ? $::env(KERNELS) : \"", kernels, "\"}]\n",
      "open_project -reset build_$process\n", "set_top ${process}_top\n",
      "add_files processes.cpp -cflags \"-std=c++14 -DST_PLAIN -I. -I$kernels -idirafter $kernels/host\"\n",
      "if {[info exists ::env(TESTBENCH)]} {\n",
      "  add_files -tb $::env(TESTBENCH) -cflags \"-std=c++14 -DST_PLAIN -I. -I$kernels -idirafter "
      "$kernels/host\"\n}\n",
      "open_solution -reset solution -flow_target vitis\n", "set_part ", platform.part, "\n",
      absl::StrFormat("create_clock -period %.3f\n", 1e9 / platform.clock_hz),
      "if {[info exists ::env(TESTBENCH)]} { csim_design }\n", "csynth_design\n",
      "if {[info exists ::env(TESTBENCH)]} { cosim_design }\n", "exit\n");
  return text;
}

}  // namespace streamtensor::compiler
