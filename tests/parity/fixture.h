// A file of fixtures/, which a script beside it wrote.
#pragma once

#include <stdexcept>
#include <string>

#include "core/env.h"
#include "store/safetensors.h"
#include "tensors/arrays.h"

namespace belamy {

class Fixture {
 public:
  Fixture() = default;
  explicit Fixture(const std::string& name) {
    const std::string path = BELAMY_SOURCE_FOLDER "/tests/parity/fixtures/" + name;
    file_ = decode_safetensors(Env::real().read(path), path, false);
  }
  /// A copy, which does not need the file's memory.
  torch::Tensor of(const std::string& name) const {
    const auto found = file_.arrays.find(name);
    if (found == file_.arrays.end()) throw std::runtime_error("the fixture has no " + name);
    return array_tensor(found->second).clone();
  }
  const StringMap& metadata() const { return file_.metadata; }

 private:
  Safetensors file_;
};

}  // namespace belamy
