// SPDX-License-Identifier: Apache-2.0
// The standard process_* metrics, from /proc/self.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

namespace streamtensor::server {

// Omits what cannot be read.
std::vector<prometheus::MetricFamily> CollectProcess();

}  // namespace streamtensor::server
