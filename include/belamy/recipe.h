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

/// All settings of a run, resolved. Not copyable, since `fields()` refers to its members.
class Recipe {
 public:
  /// Reads a recipe by its name ("dcgan-mnist"), a TOML file, or the defaults of a model by its name; then
  /// applies `overrides` ("train.batch=128") in order. Usage errors name file, line and key.
  static std::unique_ptr<Recipe> load(const std::string& name,
                                      const std::vector<std::string>& overrides = {});
  /// The same from TOML text, such as a run's resolved.toml; messages name it by `origin`.
  static std::unique_ptr<Recipe> parse(const std::string& text, const std::string& origin,
                                       const std::vector<std::string>& overrides = {});

  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  /// Every setting as TOML: reading it back gives the same run.
  std::string resolved() const;
  Fields& fields() { return fields_; }
  const Fields& fields() const { return fields_; }
  /// The steps of all stages together, for a training set of `count` examples.
  std::int64_t total_steps(std::int64_t count) const;
  /// The batch size in that stage.
  std::int64_t batch_in(const StageOptions& stage) const {
    return stage.batch > 0 ? stage.batch : train.batch;
  }

  std::string name;      ///< "dcgan-mnist"
  std::string title;     ///< one line
  std::string citation;  ///< the source of the recipe's protocol; ModelInfo::paper is the model's
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

/// The model's own settings as their type C.
template <class C>
const C& config_of(const Recipe& recipe) {
  return static_cast<const C&>(*recipe.config);
}

/// A recipe that can be loaded by name.
struct RecipeEntry {
  std::string name;
  std::string title;
  std::string model;
  std::string file;
};
std::vector<RecipeEntry> all_recipes();

}  // namespace belamy
