// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/read_folder.h"

#include <string>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/weight_parts.h"

namespace streamtensor::fuzz {

bool ReadsFolder(const compiler::FolderBuilder& folder) {
  const std::string path = ScratchFolder() + "/model";
  folder.Write(path);
  const auto checkpoint = compiler::OpenCheckpoint(path);
  if (!checkpoint.ok()) return Refused(checkpoint.status(), {path});
  const auto tokenizer = (*checkpoint)->tokenizer();
  if (!tokenizer.ok()) Refused(tokenizer.status(), {path});
  const auto decoder = compiler::ReadDecoder(**checkpoint);
  if (!decoder.ok()) return Refused(decoder.status());
  return ReadsWeights(**decoder, *checkpoint) && tokenizer.ok();
}

}  // namespace streamtensor::fuzz
