// A trained run: its model, ready to sample, encode, reconstruct and so on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belamy/model.h"
#include "belamy/recipe.h"

namespace belamy {

/// A checkpoint of a run folder, in evaluation mode, with the averaged weights if the run keeps them. Not
/// thread-safe. Gradients are disabled on the opening thread while a `Run` exists, so destroy it on that
/// thread.
class Run {
 public:
  /// Opens the newest usable checkpoint, or that of `step`. `settings` ("use.gibbs_steps=100") change the
  /// run's [use] table; no other settings can be changed. `warn` is called for each damaged checkpoint that is
  /// skipped. The run's [train] table determines the number of threads of the calling thread, and whether its
  /// layers use Belamy's faster paths. Usage errors: a setting that is unknown, invalid or outside of [use], a
  /// device that is not available, a step without a checkpoint. Storage errors: no run folder, no usable
  /// checkpoint.
  static std::unique_ptr<Run> open(const std::filesystem::path& folder, const std::string& device = "auto",
                                   const std::function<void(const std::string&)>& warn = {},
                                   const std::vector<std::string>& settings = {},
                                   std::optional<std::int64_t> step = {});
  ~Run();

  Model& model();
  const Recipe& recipe() const;
  const DataShape& shape() const;
  std::int64_t step() const;
  torch::Device device() const;
  /// A new generator on the run's device.
  at::Generator generator(std::int64_t seed) const;

 private:
  struct Parts;
  explicit Run(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace belamy
