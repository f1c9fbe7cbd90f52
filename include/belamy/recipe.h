// A recipe: what differs from the defaults of Belamy and of the model, as a TOML file.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "belamy/bounds.h"
#include "belamy/model.h"

namespace belamy {

/// One line of a recipe's [expect] table: "classifier-frechet-over-floor = { max = 3.0 }".
struct Expectation {
  std::string score;  ///< the key of a score of `belamy evaluate`
  Bounds bounds;
};

/// All settings of a run, resolved. Not copyable: `fields()` is bound to it.
class Recipe {
 public:
  /// From a recipe's name ("dcgan-mnist"), a TOML file, or a model's name; then `overrides`
  /// ("train.batch=128") in order. Usage errors name file, line and key.
  static std::unique_ptr<Recipe> load(const std::string& name,
                                      const std::vector<std::string>& overrides = {});
  /// From text, for resolved.toml of a run.
  static std::unique_ptr<Recipe> parse(const std::string& text, const std::string& origin,
                                       const std::vector<std::string>& overrides = {});

  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  /// Every setting as TOML: reading it back gives the same run.
  std::string resolved() const;
  Fields& fields() { return fields_; }
  const Fields& fields() const { return fields_; }
  /// The number of steps of the run for a training set of `count` examples, all stages together.
  std::int64_t total_steps(std::int64_t count) const;
  /// Examples of a step in that stage.
  std::int64_t batch_in(const StageOptions& stage) const {
    return stage.batch > 0 ? stage.batch : train.batch;
  }

  std::string name;      ///< "dcgan-mnist"
  std::string title;     ///< one line for people
  std::string citation;  ///< of the recipe's protocol; the model has its own
  const ModelInfo* model = nullptr;
  std::unique_ptr<ModelConfig> config;
  DataOptions data;
  TrainOptions train;
  std::map<std::string, PlayerOptions> players;
  std::map<std::string, std::string> parents;  ///< [from]: the folder of a run or the name of a network
  std::vector<StageOptions> stages;            ///< at least one
  std::vector<Expectation> expectations;

 private:
  explicit Recipe(const ModelInfo& info);
  Fields fields_;
};

/// The model's own settings, as the type that they are.
template <class C>
const C& config_of(const Recipe& recipe) {
  return static_cast<const C&>(*recipe.config);
}

/// The recipes that can be named: (name, title, model, file).
struct RecipeEntry {
  std::string name;
  std::string title;
  std::string model;
  std::string file;
};
std::vector<RecipeEntry> all_recipes();

}  // namespace belamy
