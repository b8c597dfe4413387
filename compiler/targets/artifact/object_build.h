// SPDX-License-Identifier: Apache-2.0
// Builds the emitted text into shared objects for the emulated card.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// An instruction set the card may run: its name in the object index, and the compiler's flags for it.
struct ObjectTarget {
  std::string isa;
  std::vector<std::string> flags;
};

// x86-64-v3, and x86-64-v4 with VNNI.
std::vector<ObjectTarget> ObjectTargets();
// The one named, or all for "". INVALID_ARGUMENT names those there are.
absl::StatusOr<std::vector<ObjectTarget>> ChooseObjectTargets(const std::string& isa);

struct ObjectBuildOptions {
  std::vector<std::string> sources;  // C++14 files
  std::string folder;                // objects and compiler output go here
  std::string kernels;               // the folder that holds contract/, host/ and st/
  bool plain = false;                // the synthesis side of every fork (HLS contract, h)
  // Receives the share of the compiler processes that have ended, 0..1, at least once a second; may be empty.
  std::function<void(double)> on_progress = nullptr;
};

// Compiles all sources for all targets at once, one compiler process each and in the source's folder, so that
// equal text makes equal objects in any folder (so a compiler cache can be used); then links.
// Returns the objects' paths, by target. The compiler is $STREAMTENSOR_CXX, otherwise g++ from PATH.
//  FAILED_PRECONDITION  there is no compiler, or no kernels/
//  INTERNAL             the text does not compile or link: first error, and where all of it stands
absl::StatusOr<std::vector<std::string>> BuildObjects(const ObjectBuildOptions& options,
                                                      const std::vector<ObjectTarget>& targets);

// Where kernels/ is: $STREAMTENSOR_KERNELS_DIR, ../share/streamtensor/kernels beside the program, the
// source tree the program was built from. FAILED_PRECONDITION names the places.
absl::StatusOr<std::string> FindKernels();

// SHA-256, in hexadecimal, over names and contents of the headers under `kernels`: with the compiler it
// decides what an object is. UNAVAILABLE when one can't be read.
absl::StatusOr<std::string> HashKernels(const std::string& kernels);

}  // namespace streamtensor::compiler
