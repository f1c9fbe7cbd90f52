#include "train/plan.h"

#include <algorithm>
#include <chrono>

#include "train/machine.h"
#include "train/session.h"
#include "train/training_data.h"

namespace belamy {
namespace {

constexpr std::int64_t kWarm = 3;  // the first steps allocate memory and choose kernels

}  // namespace

TrainingPlan plan_training(const Recipe& recipe, std::int64_t timed) {
  const auto device = prepare_machine(recipe.train);
  auto [settled, data] = training_data(recipe);
  TrainingPlan plan;
  plan.examples = data.count;
  Session session(*settled, std::move(data), device);
  plan.steps = session.length();
  plan.stage = session.stage();
  for (const auto& player : session.state().players()) {
    std::int64_t count = 0;
    for (const auto& parameter : player->parameters()) count += parameter.numel();
    plan.parameters.emplace_back(player->name(), count);
  }
  std::vector<double> times;
  for (std::int64_t i = 0; i < kWarm + timed && !session.finished(); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    session.run_step();
    if (i + 1 == kWarm + timed) session.take_records();  // waits for the device
    if (i >= kWarm)
      times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  if (!times.empty()) {
    plan.low = times[times.size() / 4];
    plan.step_seconds = times[times.size() / 2];
    plan.high = times[3 * times.size() / 4];
  }
  plan.memory = resident_bytes();
  for (const auto& [name, array] : session.save().arrays) plan.checkpoint += array.bytes;
  plan.disk = plan.checkpoint * static_cast<std::uint64_t>(std::max<std::int64_t>(1, settled->train.keep));
  return plan;
}

}  // namespace belamy
