// A trained run: its model, ready to sample, encode, reconstruct, ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "belamy/model.h"
#include "belamy/recipe.h"

namespace belamy {

/// The newest good checkpoint of a run folder, in evaluation mode with averaged weights where the run keeps
/// them. Calls into the model draw no gradients while a `Run` lives. Not thread-safe.
class Run {
 public:
  /// `warn` hears of damaged checkpoints that were passed over. Storage errors as of the run folder.
  static std::unique_ptr<Run> open(const std::filesystem::path& folder, const std::string& device = "auto",
                                   const std::function<void(const std::string&)>& warn = {});
  ~Run();

  Model& model();
  const Recipe& recipe() const;
  const DataShape& shape() const;
  std::int64_t step() const;
  torch::Device device() const;
  /// A generator of its own on the run's device.
  at::Generator generator(std::int64_t seed) const;

 private:
  struct Parts;
  explicit Run(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace belamy
