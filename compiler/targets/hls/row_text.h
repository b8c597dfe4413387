// SPDX-License-Identifier: Apache-2.0
// Numbers of rows and words as C++.
#pragma once

#include <string>

#include "compiler/dialects/dataflow/row_count.h"

namespace streamtensor::compiler::hls {

// "st::ROWS_T", "st::ROWS_W", "st::ROWS_FIXED".
std::string RowSymbolText(const dataflow::RowCount& rows);
// What it is in a process that has read its header: "header.tokens", "header.logits" or a number.
std::string CountText(const dataflow::RowCount& rows);
// Elements of an itensor, and the words of all of them, in a process that has read its header.
std::string ElementsText(itensor::ITensorType type);
std::string WordsText(itensor::ITensorType type);

}  // namespace streamtensor::compiler::hls
