#include "belamy/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>

#include "belamy/error.h"

#include "nn/draws.h"
#include "store/run_folder.h"
#include "train/machine.h"
#include "train/model_state.h"
#include "train/run_report.h"

namespace belamy {
namespace {

void set_use(Recipe& recipe, const std::vector<std::string>& settings) {
  constexpr std::string_view table = "use.";
  std::vector<std::string> known;
  for (const auto& field : recipe.fields().all()) {
    if (field.key.starts_with(table)) known.push_back(field.key);
  }
  for (const auto& setting : settings) {
    if (known.empty())
      throw usage_error(fmt::format("--set {}: {} has no settings of use", setting, recipe.model->name),
                        "what a run was trained with stays as it is");
    if (!setting.starts_with(table))
      throw usage_error(
          fmt::format("--set {}: only settings of use can be changed in a trained run", setting),
          fmt::format("{} has {}", recipe.model->name, fmt::join(known, ", ")));
    recipe.fields().set_text(setting);
  }
}

}  // namespace

struct Run::Parts {
  std::unique_ptr<Recipe> recipe;
  torch::Device device;
  std::unique_ptr<ModelState> state;
  std::unique_ptr<ModelState::Evaluation> evaluation;
  std::int64_t step = 0;
};

Run::Run(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Run::~Run() {
  parts_->evaluation.reset();  // it refers to the state
}

std::unique_ptr<Run> Run::open(const std::filesystem::path& path, const std::string& device,
                               const std::function<void(const std::string&)>& warn,
                               const std::vector<std::string>& settings, std::optional<std::int64_t> asked) {
  const auto folder = RunFolder::read(Env::real(), path);
  auto recipe = recipe_in(folder);
  set_use(*recipe, settings);
  auto machine = recipe->train;
  machine.device = device;
  const auto where = prepare_machine(machine);
  std::int64_t step = asked.value_or(0);
  const auto file = asked ? folder.load_step(step)
                          : folder.load_newest(
                                warn ? warn : [](const std::string&) {}, &step);
  const auto origin = fmt::format("{}: the checkpoint of step {}", path.string(), step);
  auto state = std::make_unique<ModelState>(*recipe, ModelState::shape_in(file.metadata, origin), where,
                                            parents_in(*recipe, file, origin, where));
  state->load_weights(file, origin);
  auto evaluation = std::make_unique<ModelState::Evaluation>(*state);
  return std::unique_ptr<Run>(new Run(std::unique_ptr<Parts>(
      new Parts{std::move(recipe), where, std::move(state), std::move(evaluation), step})));
}

Model& Run::model() {
  return parts_->state->model();
}
const Recipe& Run::recipe() const {
  return *parts_->recipe;
}
const DataShape& Run::shape() const {
  return parts_->state->shape();
}
std::int64_t Run::step() const {
  return parts_->step;
}
torch::Device Run::device() const {
  return parts_->device;
}

at::Generator Run::generator(std::int64_t seed) const {
  return nn::seeded_like(parts_->state->generator(), static_cast<std::uint64_t>(seed));
}

}  // namespace belamy
