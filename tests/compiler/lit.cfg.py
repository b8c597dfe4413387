# SPDX-License-Identifier: Apache-2.0
# lit runs every .mlir below this folder; ctest passes the folders in (tests/compiler/CMakeLists.txt).
import os
import lit.formats

config.name = "compiler"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.excludes = ["inputs", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = lit_config.params["output_dir"]
config.environment["PATH"] = os.pathsep.join(
    [lit_config.params["bin_dir"], lit_config.params["llvm_bin_dir"], config.environment["PATH"]])
