// SPDX-License-Identifier: Apache-2.0
// A whole artifact on disk: hashes, sizes, names, then what the files hold. The input is the four files one
// after the other, each behind its length; a first byte of 1 asks for the right sizes and hashes in the
// manifest, whatever the files hold, so that damage gets past them.
#include "artifact/artifact.h"

#include <cstring>
#include <fstream>

#include "artifact/manifest_writer.h"
#include "artifact/mapped_file.h"
#include "artifact/user_metadata.h"
#include "artifact/xclbin/validate.h"
#include "base/sha256.h"
#include "tests/artifact/sample_artifact.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {
namespace {

const std::vector<std::string> kFiles = {artifact::kXclbinName, artifact::kWeightsName,
                                         artifact::kTokenizerName};

void Write(const std::string& name, std::string_view bytes) {
  std::ofstream(ScratchFolder() + "/" + name, std::ios::binary | std::ios::trunc) << bytes;
}

std::string_view Take(std::string_view* input) {
  uint32_t length = 0;
  std::memcpy(&length, input->data(), std::min(sizeof length, input->size()));
  input->remove_prefix(std::min(sizeof length, input->size()));
  const std::string_view taken = input->substr(0, length);
  input->remove_prefix(taken.size());
  return taken;
}

// Through JSON as its own writer does it; false for a text that is no manifest.
bool WriteTrueManifest(std::string_view json) {
  auto manifest = artifact::ManifestFromJson(json);
  if (!manifest.ok()) return false;
  return artifact::WriteManifest(ScratchFolder(), kFiles, &*manifest).ok();
}

}  // namespace

std::vector<std::string> Seeds() {
  artifact::v1::Manifest manifest = artifact::SampleDecoderManifest();
  std::string files;
  for (const std::string& bytes :
       {artifact::SampleXclbinOf(manifest, std::vector<std::byte>(64)), artifact::SampleWeights(),
        artifact::SampleTokenizer().SerializeAsString()}) {
    const auto length = static_cast<uint32_t>(bytes.size());
    files.append(reinterpret_cast<const char*>(&length), sizeof length).append(bytes);
  }
  std::string_view rest = files;
  for (const std::string& name : kFiles) Write(name, Take(&rest));
  Require(artifact::WriteManifest(ScratchFolder(), kFiles, &manifest).ok(), "the sample can be written");
  const std::string json = artifact::ManifestToJson(manifest).value();
  const auto length = static_cast<uint32_t>(json.size());
  const std::string whole = std::string(reinterpret_cast<const char*>(&length), sizeof length) + json + files;
  return {'\0' + whole, '\1' + whole};
}

bool Accepts(std::string_view input) {
  if (input.empty()) return false;
  const bool true_hashes = input[0] == 1;
  input.remove_prefix(1);
  const std::string_view json = Take(&input);
  for (const std::string& name : kFiles) Write(name, Take(&input));
  if (!true_hashes || !WriteTrueManifest(json)) Write(artifact::kManifestName, json);

  const auto artifact = artifact::Artifact::Open(ScratchFolder());
  if (!artifact.ok()) return Refused(artifact.status(), {ScratchFolder()});
  for (const artifact::v1::File& file : (*artifact)->manifest().files()) {
    const auto bytes = artifact::MappedFile::Open(ScratchFolder() + "/" + file.name());
    Require(bytes.ok() && bytes->bytes().size() == file.bytes() &&
                base::HexOf(base::Sha256Of(bytes->bytes())) == file.sha256(),
            "nothing is opened whose size or hash is wrong");
  }
  std::byte sum{};
  for (const artifact::v1::Argument& argument : (*artifact)->manifest().kernel().arguments()) {
    if (argument.role() != artifact::v1::Argument::ROLE_WEIGHTS &&
        argument.role() != artifact::v1::Argument::ROLE_CONSTANTS) {
      continue;
    }
    const auto bytes = (*artifact)->ArgumentBytes(argument);
    sum ^= bytes.front() ^ bytes.back();
  }
  const auto contents = artifact::xclbin::ValidateXclbin((*artifact)->xclbin());
  Require(contents.ok(), "nothing is opened whose xclbin is damaged");
  Require(artifact::CheckUserMetadata(contents->user_metadata, (*artifact)->manifest(), "manifest.json").ok(),
          "nothing is opened whose xclbin is another design's");
  return true;
}

}  // namespace streamtensor::fuzz
