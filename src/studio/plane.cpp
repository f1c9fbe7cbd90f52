#include "studio/plane.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "labs/perceptron.h"
#include "objectives/adversarial.h"
#include "objectives/penalties.h"
#include "tensors/dataset_tensors.h"

namespace belamy::studio {
namespace {

constexpr std::int64_t kBatch = 128, kShownSamples = 256, kSurface = 40, kGrid = 11, kLatent = 2;

double real(const Json& asked, const char* key, double otherwise, double low, double high) {
  const auto found = asked.find(key);
  if (found == asked.end() || found->is_null()) return otherwise;
  if (!found->is_number()) throw usage_error(fmt::format("'{}' must be a number", key));
  const double value = found->get<double>();
  if (!(value >= low && value <= high))
    throw usage_error(fmt::format("'{}' must be between {} and {}", key, low, high));
  return value;
}

std::string text(const Json& asked, const char* key, const std::string& otherwise) {
  const auto found = asked.find(key);
  return found != asked.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

Json rows(const Tensor& points) {
  const auto on_cpu = points.detach().to(torch::kDouble).contiguous();
  auto list = Json::array();
  for (std::int64_t i = 0; i < on_cpu.size(0); ++i) {
    auto row = Json::array();
    for (std::int64_t k = 0; k < on_cpu.size(1); ++k) {
      const double value = on_cpu[i][k].item<double>();
      row.push_back(std::isfinite(value) ? Json(std::round(value * 1e4) / 1e4) : Json());
    }
    list.push_back(row);
  }
  return list;
}

}  // namespace

struct PlaneGame::Game {
  at::Generator generator;
  Tensor data;     // [N, 2], around 0 with deviation 1
  Tensor latents;  // [kShownSamples, 2], of the samples that are shown
  std::shared_ptr<nn::Chain> make, judge;
  std::unique_ptr<torch::optim::Adam> make_rule, judge_rule;
  std::int64_t step = 0;
  double discriminator_loss = std::nan(""), generator_loss = std::nan("");

  Tensor draw(std::int64_t n) { return torch::randn({n, kLatent}, generator); }
  Tensor some_data() {
    return data.index_select(0, torch::randint(data.size(0), {kBatch}, generator, torch::kLong));
  }
};

PlaneGame::PlaneGame() = default;

PlaneGame::~PlaneGame() {
  worker_.run([this] {
    game_.reset();
    return 0;
  });
}

namespace {

Json state_of_game(auto& game, const objectives::Adversarial& objective) {
  auto samples = game.make->forward(game.latents).detach().requires_grad_();
  const auto loss = objective.generator(game.judge->forward(samples));
  const auto slopes = -torch::autograd::grad({loss * static_cast<double>(samples.size(0))}, {samples})[0];
  const torch::NoGradGuard no_grad;
  constexpr double reach = 2.6;
  const auto axis = torch::linspace(-reach, reach, kSurface);
  const auto places =
      at::stack({axis.repeat({kSurface}), axis.repeat_interleave(kSurface)}, 1);  // row by row, x first
  auto surface = game.judge->forward(places);
  if (objective.is_probability()) surface = surface.sigmoid();
  const auto lines = torch::linspace(-2, 2, kGrid);
  const auto lattice = at::stack({lines.repeat({kGrid}), lines.repeat_interleave(kGrid)}, 1);
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  return {{"step", game.step},
          {"samples", rows(samples)},
          {"slopes", rows(slopes)},
          {"surface", rows(surface.view({kSurface, kSurface}))},
          {"reach", reach},
          {"probability", objective.is_probability()},
          {"grid", rows(game.make->forward(lattice))},
          {"grid_side", kGrid},
          {"discriminator_loss", number(game.discriminator_loss)},
          {"generator_loss", number(game.generator_loss)}};
}

}  // namespace

Json PlaneGame::begin(const Json& asked) {
  return worker_.run([&] {
    auto game = std::make_unique<Game>();
    const auto seed = static_cast<std::uint64_t>(real(asked, "seed", 1, 0, 1e9));
    game->generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    if (const auto drawn = asked.find("points");
        drawn != asked.end() && drawn->is_array() && !drawn->empty()) {
      if (drawn->size() > 20000) throw usage_error("these are more than 20,000 points");
      std::vector<float> values;
      for (const auto& point : *drawn) {
        if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number())
          throw usage_error("points must be pairs of numbers");
        for (const auto& value : point) values.push_back(std::clamp(value.get<float>(), -3.0F, 3.0F));
      }
      game->data = torch::tensor(values).view({-1, 2});
    } else {
      const auto set = make_synthetic(text(asked, "data", "ring"), 4000, static_cast<std::int64_t>(seed));
      if (set.dimension != 2) throw usage_error("the game needs points in the plane", "choose another set");
      const auto points = data_tensor(set);
      game->data = (points - points.mean(0)) / points.std(0, true).mean().clamp_min(1e-6);
    }
    const auto width = static_cast<std::int64_t>(real(asked, "width", 48, 2, 512));
    const auto layers = static_cast<std::int64_t>(real(asked, "layers", 2, 1, 5));
    std::vector<std::int64_t> widths = {kLatent};
    for (std::int64_t i = 0; i < layers; ++i) widths.push_back(width);
    widths.push_back(2);
    game->make = labs::perceptron(widths, "relu", game->generator);
    game->judge = labs::critic(2, std::vector<std::int64_t>(widths.begin() + 1, widths.end() - 1),
                               "leaky-relu", game->generator);
    const auto rule = [](const std::shared_ptr<nn::Chain>& network) {
      return std::make_unique<torch::optim::Adam>(network->parameters(),
                                                  torch::optim::AdamOptions(1e-3).betas({0.5, 0.99}));
    };
    game->make_rule = rule(game->make);
    game->judge_rule = rule(game->judge);
    game->latents = game->draw(kShownSamples);
    const objectives::Adversarial objective(text(asked, "objective", "non-saturating"));
    game_ = std::move(game);
    auto state = state_of_game(*game_, objective);
    state["data"] = rows(game_->data.narrow(0, 0, std::min<std::int64_t>(1000, game_->data.size(0))));
    return state;
  });
}

Json PlaneGame::step(const Json& asked) {
  return worker_.run([&] {
    if (!game_) throw usage_error("no game has begun", "press New game");
    auto& game = *game_;
    const auto steps = static_cast<std::int64_t>(real(asked, "steps", 1, 0, 500));
    const auto who = text(asked, "who", "both");
    if (who != "both" && who != "discriminator" && who != "generator")
      throw usage_error("'who' must be both, discriminator or generator");
    const auto name = text(asked, "objective", "non-saturating");
    const auto& names = objectives::Adversarial::names();
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw usage_error("there is no such objective");
    const objectives::Adversarial objective(name);
    const auto critic_steps = static_cast<std::int64_t>(real(asked, "critic_steps", 1, 1, 50));
    const double r1 = real(asked, "r1", 0, 0, 1000), penalty = real(asked, "gradient_penalty", 0, 0, 1000),
                 noise = real(asked, "noise", 0, 0, 3);
    const auto set_rate = [](torch::optim::Adam& rule, double rate) {
      static_cast<torch::optim::AdamOptions&>(rule.param_groups()[0].options()).lr(rate);
    };
    set_rate(*game.judge_rule, real(asked, "discriminator_rate", 1e-3, 0, 1));
    set_rate(*game.make_rule, real(asked, "generator_rate", 1e-3, 0, 1));
    const auto blurred = [&](const Tensor& x) {
      return noise == 0 ? x : x + noise * torch::randn(x.sizes(), game.generator);
    };
    const objectives::Judge judge = [&](const Tensor& x) { return game.judge->forward(x); };
    const auto learn = [&] {
      const auto data = blurred(game.some_data());
      Tensor made;
      {
        const torch::NoGradGuard no_grad;
        made = blurred(game.make->forward(game.draw(kBatch)));
      }
      auto loss = objective.discriminator(judge(data), judge(made));
      game.discriminator_loss = loss.item<double>();
      if (r1 > 0) loss = loss + r1 * objectives::zero_centred(judge, data);
      if (penalty > 0)
        loss = loss + penalty * objectives::gradient_penalty(judge, data, made, false, game.generator);
      game.judge_rule->zero_grad();
      loss.backward();
      game.judge_rule->step();
    };
    const auto play = [&] {
      const auto loss = objective.generator(judge(blurred(game.make->forward(game.draw(kBatch)))));
      game.generator_loss = loss.item<double>();
      game.make_rule->zero_grad();
      loss.backward();
      game.make_rule->step();
    };
    for (std::int64_t i = 0; i < steps; ++i) {
      if (who != "generator") {
        const auto times = who == "both" ? critic_steps : 1;
        for (std::int64_t k = 0; k < times; ++k) learn();
      }
      if (who != "discriminator") play();
      ++game.step;
    }
    return state_of_game(game, objective);
  });
}

}  // namespace belamy::studio
