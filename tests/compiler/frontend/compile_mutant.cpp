// SPDX-License-Identifier: Apache-2.0
// streamtensor-mutant MODEL ARTIFACT MUTATION: compiles a graph that is wrong in one place, for the emulated
// card and x86-64-v3 alone.
#include <iostream>

#include "compiler/driver/pipeline.h"
#include "tests/compiler/frontend/graph_mutations.h"

int main(int argc, char** argv) {
  namespace compiler = streamtensor::compiler;
  if (argc != 4) {
    std::cerr << "usage: streamtensor-mutant MODEL ARTIFACT MUTATION\n";
    return 2;
  }
  const absl::StatusOr<compiler::GraphMutation> mutation = compiler::FindGraphMutation(argv[3]);
  if (!mutation.ok()) {
    std::cerr << "streamtensor-mutant: " << mutation.status().message() << "\n";
    return 2;
  }
  compiler::CompileOptions options;
  options.model = argv[1];
  options.output = argv[2];
  options.isa = "x86-64-v3";
  options.make_graph = mutation->make_graph;
  if (const absl::StatusOr<std::string> artifact = compiler::Compile(options, nullptr); !artifact.ok()) {
    std::cerr << "streamtensor-mutant: " << artifact.status().message() << "\n";
    return 1;
  }
  return 0;
}
