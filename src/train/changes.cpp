#include "train/changes.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>

#include "core/text.h"
#include "data/dataset.h"
#include "train/model_state.h"

namespace belamy {
namespace {

// Settings that do not affect a training, and its length, which is reported
// separately (Training::warn_of_length).
constexpr std::array kWithoutEffect = {"train.steps",        "train.epochs",           "train.device",
                                       "train.log_seconds",  "train.checkpoint_every", "train.keep",
                                       "train.sample_every", "train.samples"};

bool matters(const std::string& key) {
  return std::find(kWithoutEffect.begin(), kWithoutEffect.end(), key) == kWithoutEffect.end();
}

std::unique_ptr<Recipe> for_anywhere(const Recipe& recipe) {
  auto copy = Recipe::parse(recipe.resolved(), "the settings of the run");
  copy->data.source = absolute_source(copy->data.source);
  copy->data.target = absolute_source(copy->data.target);
  const auto anywhere = [](std::string& path) {
    if (!path.empty()) path = std::filesystem::absolute(path).lexically_normal().string();
  };
  anywhere(copy->train.thread_plan);
  anywhere(copy->train.commands);
  for (auto& [name, value] : copy->parents) {
    if (std::filesystem::exists(value)) anywhere(value);
  }
  return copy;
}

}  // namespace

std::vector<std::string> changes_since(const Recipe& before, const Recipe& now, const StringMap& checkpoint,
                                       const DataState& data) {
  std::vector<std::string> changes;
  const auto old = for_anywhere(before), present = for_anywhere(now);
  for (const auto& field : present->fields().all()) {
    const auto* was = old->fields().find(field.key);
    if (was && matters(field.key) && was->get() != field.get())
      changes.push_back(fmt::format("{} was {} and is {} from here on", field.key, was->get(), field.get()));
  }
  const auto digest = checkpoint.find("data-digest");
  if (digest == checkpoint.end() || digest->second == data.digest) return changes;
  const auto count = ModelState::shape_in(checkpoint, "the checkpoint").count;
  changes.push_back(count == data.count
                        ? fmt::format("the training data have changed: still {}, but other contents",
                                      counted(count, "example"))
                        : fmt::format("the training data have changed: {} before, {} now",
                                      counted(count, "example"), data.count));
  return changes;
}

std::int64_t length_of(const Recipe& before, const StringMap& checkpoint) {
  return before.total_steps(ModelState::shape_in(checkpoint, "the checkpoint").count);
}

std::string settings_for_anywhere(const Recipe& recipe) {
  return for_anywhere(recipe)->resolved();
}

}  // namespace belamy
