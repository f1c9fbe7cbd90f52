#include "train/session.h"

#include <ATen/autocast_mode.h>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <torch/version.h>

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"
#include "tensors/arrays.h"
#include "train/check.h"
#include "train/sharing.h"

namespace belamy {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// While it exists, products of the forward pass are in bfloat16. Casts of weights are not cached: one made
// without a graph, or before another player's update, would be wrong in a later pass.
class Autocast {
 public:
  Autocast(bool wanted, torch::Device device) : wanted_(wanted), cpu_(device.is_cpu()) {
    if (wanted_) set(true);
  }
  ~Autocast() {
    if (wanted_) set(false);
  }

 private:
  void set(bool on) const {
    at::autocast::set_autocast_cache_enabled(!on);
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    const auto type = cpu_ ? at::kCPU : at::kCUDA;
    at::autocast::set_autocast_enabled(type, on);
    if (on) at::autocast::set_autocast_dtype(type, torch::kBFloat16);
#else
    if (cpu_) {
      at::autocast::set_cpu_enabled(on);
      if (on) at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    } else {
      at::autocast::set_enabled(on);
      if (on) at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    }
#endif
  }
  bool wanted_, cpu_;
};

const Recipe& checked(const Recipe& recipe, const DataShape& shape, const Group& group) {
  check_recipe(recipe, shape);
  for (const auto& stage : recipe.stages) {
    const auto batch = recipe.batch_in(stage), size = std::int64_t{group.size()}, lower = batch / size * size;
    if (batch == std::max(size, lower)) continue;
    throw usage_error(
        fmt::format("a batch of {} cannot be divided equally among {} processes", batch, size),
        fmt::format("set train.batch to {}",
                    lower > 0 ? fmt::format("{} or {}", lower, lower + size) : std::to_string(size)));
  }
  return recipe;
}

// The random numbers of a process. The first has those of a training without others.
std::uint64_t seed_of(std::int64_t seed, std::int64_t step, int rank) {
  return Random(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(rank))
             .below(std::uint64_t{1} << 62) +
         static_cast<std::uint64_t>(step);
}

bool finite(const Tensor& tensor) {
  return torch::isfinite(tensor).all().item<bool>();
}

}  // namespace

Session::Session(const Recipe& recipe, Dataset data, torch::Device device,
                 std::optional<ParentModels> parents, Group& group)
    : recipe_(recipe),
      group_(group),
      device_(device),
      batches_(std::move(data), recipe.data, recipe.train.batch, recipe.train.seed, device),
      state_(checked(recipe, batches_.shape(), group), batches_.shape(), device,
             parents ? std::move(*parents) : open_parents(recipe, batches_.shape(), device)),
      total_(recipe.total_steps(batches_.count())),
      first_bad_(torch::full({}, kNever, torch::TensorOptions(torch::kLong).device(device))) {
  enter_stage();
}

void Session::enter_stage() {
  stage_ = 0;
  stage_begin_ = 0;
  stage_first_ = 0;
  const bool staged = recipe_.stages[0].steps > 0;
  while (staged && stage_ + 1 < recipe_.stages.size() &&
         step_ >= stage_begin_ + recipe_.stages[stage_].steps) {
    const auto& stage = recipe_.stages[stage_++];
    stage_begin_ += stage.steps;
    stage_first_ += stage.steps * recipe_.batch_in(stage);
  }
  stage_steps_ = staged ? recipe_.stages[stage_].steps : total_;
  state_.set_options(players_with(settings_));
}

// The players' settings: those of the run, changed by the stage, changed by commands.
std::map<std::string, PlayerOptions> Session::players_with(const std::vector<std::string>& settings) const {
  auto stage = recipe_.stages[stage_];
  stage.settings.insert(stage.settings.end(), settings.begin(), settings.end());
  return players_in(recipe_, stage);
}

void Session::take(const Command& command) {
  check_command(command, recipe_, recipe_.stages[stage_]);
  if (command.kind == Command::Kind::steps) {
    const auto steps = number_in<std::int64_t>(command.argument);
    if (!steps || *steps <= step_)
      throw usage_error(fmt::format("'{}' cannot be the length of a run that has made {}", command.argument,
                                    counted(step_, "step")),
                        "give a larger whole number");
    total_ = stage_steps_ = *steps;
  }
  if (command.kind == Command::Kind::set) {
    settings_.push_back(command.argument);
    state_.set_options(players_with(settings_));
  }
}

BatchPlace Session::place() const {
  const auto size = recipe_.batch_in(recipe_.stages[stage_]);
  return {step_, stage_first_ + stage_step() * size, size, group_.rank(), group_.size()};
}

void Session::run_step() {
  for (const auto& command : commands_.at(step_)) take(command);
  if (step_ > 0 && step_ == stage_begin_ + stage_steps_ && !finished()) enter_stage();
  if (step_ == stage_begin_) {
    state_.model().begin_stage(stage());
    // Moments from another stage's loss would mislead the optimiser, so they are reset; the averages restart
    // from the current weights.
    for (const auto& player : state_.players()) player->restart();
  }
  if (met_) calls_ = met_ = false;
  const auto batch = batches_.at(place());
  present_ = batch.data;
  state_.model().train();
  {
    const Autocast autocast(recipe_.train.precision == "bf16", device_);
    state_.model().step(batch, *this);
  }
  if (!group_.is_single()) average(group_, state_.shared_means());
  const bool first = step_ == stage_begin_;
  ++step_;
  // Models start some values from their first batch, which differs from process to process.
  if (first) give_to_others(group_, state_.common_tensors());
}

// Differentiates with respect to these parameters only, so that no gradients of other players are computed.
std::vector<Tensor> Session::gradients_of(const Tensor& loss, const std::vector<Tensor>& parameters,
                                          bool keep_graph) const {
  const bool cast = recipe_.train.precision == "bf16";
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(
      cast ? c10::DispatchKeySet({c10::DispatchKey::AutocastCPU, c10::DispatchKey::AutocastCUDA})
           : c10::DispatchKeySet());
  return torch::autograd::grad({loss}, parameters, {}, keep_graph, false, true);
}

void Session::update(std::string_view name, const Tensor& loss, bool keep_graph) {
  auto& player = state_.player(name);
  player.set_gradient(gradients_of(loss, player.parameters(), keep_graph));
  auto value = loss.detach();
  met_ |= average_gradients(group_, {&player}, value, calls_);
  move(player, guarded_norm(player, value));
}

void Session::update_together(const std::vector<std::string>& names, const Tensor& loss) {
  std::vector<PlayerState*> players;
  std::vector<Tensor> parameters;
  for (const auto& name : names) {
    players.push_back(&state_.player(name));
    const auto& more = players.back()->parameters();
    parameters.insert(parameters.end(), more.begin(), more.end());
  }
  auto from = gradients_of(loss, parameters, false);
  auto begin = from.begin();
  for (auto* player : players) {
    const auto end = begin + static_cast<std::ptrdiff_t>(player->parameters().size());
    player->set_gradient({begin, end});
    begin = end;
  }
  auto value = loss.detach();
  met_ |= average_gradients(group_, players, value, calls_);
  // No player is updated before the gradients of all have been checked.
  std::vector<Tensor> norms;
  for (auto* player : players) norms.push_back(guarded_norm(*player, value));
  for (std::size_t i = 0; i < players.size(); ++i) move(*players[i], norms[i]);
}

void Session::apply(std::string_view name, const std::vector<Tensor>& gradients) {
  auto& player = state_.player(name);
  player.set_gradient(gradients);
  Tensor no_loss;
  met_ |= average_gradients(group_, {&player}, no_loss, calls_);
  move(player, guarded_norm(player, no_loss));
}

// The 2-norm of the player's gradient. Checks that it is finite.
Tensor Session::guarded_norm(PlayerState& player, const Tensor& loss) {
  const torch::NoGradGuard no_grad;
  const auto norm = player.gradient_norm();
  if (device_.is_cpu()) {
    const bool good =
        std::isfinite(norm.item<float>()) && (!loss.defined() || std::isfinite(loss.item<float>()));
    if (!good) diverge(player, loss);
  } else {
    // The host does not wait: the update masks itself out, and the next line of the log reports the step.
    const auto good = loss.defined() ? torch::isfinite(norm) & torch::isfinite(loss) : torch::isfinite(norm);
    first_bad_.copy_(torch::where(good, first_bad_, first_bad_.clamp_max(step_)));
  }
  return norm;
}

void Session::move(PlayerState& player, const Tensor& norm) {
  const torch::NoGradGuard no_grad;
  player.move(schedule(player.options()), norm);
  record("gradient/" + player.name(), norm);
}

double Session::schedule(const PlayerOptions& options) const {
  length_asked_ |= options.schedule != "constant" && recipe_.stages[stage_].steps == 0;
  const auto at = static_cast<double>(stage_step());
  const double warm =
      options.warmup > 0 ? std::min(1.0, (at + 1) / static_cast<double>(options.warmup)) : 1.0;
  const auto steps = static_cast<double>(std::max<std::int64_t>(stage_steps_, 1));
  const double start = options.schedule_start * steps;
  const double done = at <= start ? 0 : (at - start) / (steps - start);
  if (options.schedule == "linear") return warm * (1 - done);
  if (options.schedule == "cosine") return warm * 0.5 * (1 + std::cos(std::numbers::pi * done));
  return warm;
}

void Session::diverge(const PlayerState& player, const Tensor& loss) const {
  std::string first = "the loss";
  if (present_.defined() && !finite(present_)) {
    first = "the batch of data";
  } else {
    bool found = false;
    for (const auto& item : state_.model().named_parameters()) {
      if (!found && !finite(item.value())) {
        first = "parameter " + item.key();
        found = true;
      }
    }
    if (!found && (!loss.defined() || std::isfinite(loss.item<float>()))) {
      const auto& views = player.gradient();
      for (std::size_t i = 0; i < views.size(); ++i) {
        if (!found && !finite(views[i])) {
          for (const auto& item : state_.model().named_parameters()) {
            if (item.value().is_same(player.parameters()[i])) first = "the gradient of " + item.key();
          }
          found = true;
        }
      }
      if (!found) first = "the gradient's norm (each gradient is finite, their sum of squares is not)";
    }
  }
  throw diverged_error(fmt::format("step {}, player '{}': {} is not finite; this update was not made", step_,
                                   player.name(), first),
                       fmt::format("lower optimizer.{0}.lr (now {1:g}), or set optimizer.{0}.clip=1; "
                                   "--resume continues from the last checkpoint, if there is one",
                                   player.kind(), player.options().lr));
}

void Session::record(const std::string& name, const Tensor& value) {
  const torch::NoGradGuard no_grad;
  const auto scalar = value.detach().to(torch::kFloat);
  for (auto& record : records_) {
    if (record.name == name) {
      if (record.count == 0) {
        record.sum = scalar.clone();
      } else {
        record.sum.add_(scalar);
      }
      ++record.count;
      return;
    }
  }
  records_.push_back({name, scalar.clone(), 1});
}

std::vector<std::pair<std::string, double>> Session::take_records() {
  std::vector<std::pair<std::string, double>> sums;
  std::vector<double> counts;
  for (auto& record : records_) {
    if (record.count == 0) continue;
    sums.emplace_back(record.name, record.sum.item<double>());
    counts.push_back(static_cast<double>(record.count));
    record.count = 0;
  }
  check_finite();
  collect_records(group_, sums, counts);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i].second /= counts[i];
  return sums;
}

void Session::check_finite() const {
  if (const auto bad = first_bad_.item<std::int64_t>(); bad != kNever) {
    throw diverged_error(
        fmt::format("step {}: a loss or gradient is not finite; this update was not made", bad),
        "lower the learning rate, or run again with --device cpu to see which tensor it is; "
        "--resume continues from the last checkpoint, if there is one");
  }
}

const PlayerOptions& Session::options(std::string_view player) const {
  return state_.player(player).options();
}

OptimizerState Session::optimizer_state(std::string_view player) const {
  const auto& each = state_.player(player);
  auto state = each.optimizer_state();
  state.rate = each.options().lr * schedule(each.options());
  return state;
}

Snapshot Session::save() const {
  check_finite();
  auto snapshot = state_.save();
  snapshot.metadata["step"] = std::to_string(step_);
  if (group_.is_single()) return snapshot;
  snapshot.metadata["processes"] = std::to_string(group_.size());
  for (const auto& [name, tensor] : state_.own_tensors()) {
    const auto of_all = group_.gather(tensor);
    for (std::size_t rank = 1; rank < of_all.size(); ++rank)
      snapshot.add(ProcessName{rank, name}.text(), of_all[rank]);
  }
  return snapshot;
}

void Session::load(const Safetensors& file, const std::string& origin) {
  const auto step = count_in(file.metadata, "step", origin);
  of_others_.clear();
  for (const auto& [name, array] : file.arrays) {
    const auto own = ProcessName::parse(name);
    if (!own) continue;
    auto& of_all = of_others_[own->name];
    of_all.resize(std::max(of_all.size(), own->rank));
    of_all[own->rank - 1] = array_tensor(array).clone();
  }
  state_.load(file, origin);
  step_ = 0;
  settings_.clear();
  total_ = recipe_.total_steps(batches_.count());
  for (const auto& command : commands_.before(step)) take(command);
  step_ = step;
  enter_stage();
}

void Session::spread() {
  if (group_.is_single()) return;
  const torch::NoGradGuard no_grad;
  const auto others = static_cast<std::size_t>(group_.size() - 1);
  nlohmann::json position;
  if (group_.is_first()) {
    position = {{"step", step_},
                {"total", total_},
                {"settings", settings_},
                {"commands", commands_.text()},
                {"updates", nlohmann::json::array()},
                {"kept", nlohmann::json::array()}};
    for (const auto& player : state_.players()) position["updates"].push_back(player->updates());
    for (const auto& [name, own] : state_.own_tensors()) {
      const auto& stored = of_others_[name];
      const auto fits = [&own = own](const Tensor& each) {
        return each.defined() && each.sizes() == own.sizes() && each.scalar_type() == own.scalar_type();
      };
      if (stored.size() == others && std::all_of(stored.begin(), stored.end(), fits))
        position["kept"].push_back(name);
    }
  }
  position = nlohmann::json::parse(group_.exchange(position.dump())[0]);
  if (!group_.is_first()) {
    step_ = position["step"].get<std::int64_t>();
    total_ = position["total"].get<std::int64_t>();
    settings_ = position["settings"].get<std::vector<std::string>>();
    commands_ = CommandLog::parse(position["commands"].get<std::string>(), "the commands of process 0");
    for (std::size_t i = 0; i < state_.players().size(); ++i)
      state_.players()[i]->set_updates(position["updates"][i].get<std::int64_t>());
    enter_stage();
    state_.generator().set_current_seed(seed_of(recipe_.train.seed, step_, group_.rank()));
  }
  give_to_others(group_, state_.common_tensors());
  const auto kept = position["kept"].get<std::set<std::string>>();
  for (const auto& [name, tensor] : state_.own_tensors()) {
    // A checkpoint of another number of processes lacks them. Then each goes on with random numbers of its own, and
    // with the memory of process 0.
    if (!kept.count(name) && name == ModelState::generator_name) continue;
    for (std::size_t rank = 1; rank <= others; ++rank) {
      const bool given = group_.is_first() && kept.count(name);
      const auto sent = (given ? of_others_.at(name)[rank - 1].to(tensor.device()) : tensor).clone();
      group_.broadcast(sent);
      if (rank == static_cast<std::size_t>(group_.rank())) state_.set_own(name, sent);
    }
  }
  of_others_.clear();
}

}  // namespace belamy
