// SPDX-License-Identifier: Apache-2.0
// The generated wrapper: Vitis never sees this file.
#include "toy_design.h"

ST_EXPORT_LAUNCH(toy_step)
