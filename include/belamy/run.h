// A trained run: its model, ready to sample, encode, reconstruct, ...
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "belamy/model.h"
#include "belamy/recipe.h"

namespace belamy {

/// The newest good checkpoint of a run folder, in evaluation mode with averaged weights where the run keeps
/// them. Calls into the model draw no gradients while a `Run` lives. Not thread-safe.
class Run {
 public:
  /// `settings` ("use.gibbs_steps=100") replace the run's own settings of use; no others can be changed here.
  /// `warn` is called for each damaged checkpoint that is passed over. Usage errors about settings; storage
  /// errors as of the run folder.
  static std::unique_ptr<Run> open(const std::filesystem::path& folder, const std::string& device = "auto",
                                   const std::function<void(const std::string&)>& warn = {},
                                   const std::vector<std::string>& settings = {});
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
