// A model with its players: everything that a checkpoint holds, saved and restored by name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "belamy/recipe.h"

#include "store/safetensors.h"
#include "tensors/arrays.h"
#include "train/parents.h"
#include "train/player_state.h"

namespace belamy {

/// A whole number, 0 or more, from a checkpoint's metadata. Throws a storage error if there is none.
std::int64_t count_in(const StringMap& metadata, const std::string& key, const std::string& origin);

/// The players' options in a stage: those of the run, with the stage's changes.
std::map<std::string, PlayerOptions> players_in(const Recipe& recipe, const StageOptions& stage);

/// The name, in the checkpoint of a training in several processes, of what process `rank` (not the first) has for
/// itself: "process-1/random/generator". Runs are opened without these arrays.
struct ProcessName {
  std::size_t rank = 1;
  std::string name;

  std::string text() const;
  static std::optional<ProcessName> parse(const std::string& text);
};

class ModelState {
 public:
  /// Draws the weights from the run's generator, seeded by train.seed, and moves the model to `device`.
  ModelState(const Recipe& recipe, const DataShape& shape, torch::Device device, ParentModels parents = {});

  Model& model() const { return *model_; }
  const DataShape& shape() const { return shape_; }
  at::Generator generator() const { return generator_; }
  PlayerState& player(std::string_view name) const;
  /// Sets the options of all players, by kind.
  void set_options(const std::map<std::string, PlayerOptions>& options);
  const std::vector<std::unique_ptr<PlayerState>>& players() const { return players_; }

  // What follows is for trainings in several processes: see belamy/group.h.
  /// All tensors that are the same in all processes: weights, moments, averages, buffers.
  std::vector<Tensor> common_tensors() const;
  /// Those that each process has for itself, by their names in a checkpoint. The state of the random numbers is a
  /// copy; the others are the live ones.
  std::vector<std::pair<std::string, Tensor>> own_tensors() const;
  void set_own(const std::string& name, const Tensor& value);
  /// Buffers that are averaged over the processes after each step.
  std::vector<Tensor> shared_means() const;

  static constexpr const char* generator_name = "random/generator";

  Snapshot save() const;
  /// Restores what `save` wrote. Storage errors (they name `origin`): another model, missing or superfluous
  /// arrays, other shapes, values that are not finite.
  void load(const Safetensors& file, const std::string& origin);
  /// The same without the state of the random generator, which is valid only on the device that wrote it.
  void load_weights(const Safetensors& file, const std::string& origin);

  /// The shape of the data in a checkpoint's metadata.
  static DataShape shape_in(const StringMap& metadata, const std::string& origin);
  static void write_shape(StringMap& metadata, const DataShape& shape);

  /// Returns the model in evaluation mode, with averaged weights and without gradients of its parameters. Do
  /// not use this state afterwards.
  std::shared_ptr<Model> release();

  /// While it exists, the model is in evaluation mode with averaged weights, and gradients are off.
  class Evaluation {
   public:
    explicit Evaluation(ModelState& state);
    ~Evaluation();

   private:
    ModelState& state_;
    torch::NoGradGuard no_grad_;
    std::vector<std::unique_ptr<PlayerState::Averaged>> averaged_;
  };

 private:
  void load(const Safetensors& file, const std::string& origin, bool with_generator);
  std::vector<std::pair<std::string, Tensor>> tensors() const;  // all live tensors by name

  std::string model_name_;
  DataShape shape_;
  at::Generator generator_;
  ParentModels parents_;
  std::shared_ptr<Model> model_;
  std::vector<std::unique_ptr<PlayerState>> players_;
};

}  // namespace belamy
