// SPDX-License-Identifier: Apache-2.0
// Included by emitted text in the test of bounds: a FIFO whose depth the test chooses at each launch, instead
// of building the text again for each depth. All else is the host's own FIFO.
#pragma once

#include <stdint.h>

#include "st/dataflow.h"

extern "C" {
// Set by the test. The depth of the FIFO `name`, which the text declares with `declared`.
__attribute__((visibility("default"))) uint32_t (*st_test_depth)(const char* name, uint32_t declared);
}

template <class STREAM, uint32_t DECLARED>
struct chosen_depth : STREAM {
  explicit chosen_depth(const char* name) : STREAM(name, st_test_depth(name, DECLARED)) {}
};
