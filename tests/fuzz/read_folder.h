// SPDX-License-Identifier: Apache-2.0
// A Hugging Face folder, read as a model would be compiled from it.
#pragma once

#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::fuzz {

// Opens the folder, reads its tokenizer and the model, and converts every weight. True when nothing was
// refused.
bool ReadsFolder(const compiler::FolderBuilder& folder);

}  // namespace streamtensor::fuzz
