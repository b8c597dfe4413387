// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/file_descriptor.h"

namespace streamtensor::runtime::emulator {

using base::FileDescriptor;

}  // namespace streamtensor::runtime::emulator
