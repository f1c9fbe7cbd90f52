// Two parallel lines, (0, z) and (theta, z) with z ~ U(0, 1): distances, and which objectives move theta.
#include <cmath>
#include <torch/optim/adam.h>

#include "labs/lab.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "metrics/divergence.h"
#include "metrics/transport.h"
#include "objectives/adversarial.h"
#include "objectives/penalties.h"

namespace belamy::labs {
namespace {

struct Player {
  std::string name, objective;
  double clip = 0, penalty = 0;
};

struct TransportRun {
  std::vector<double> theta;     // after each step of the generator
  double force = 0;              // |dL_G / dtheta| at the start, after training the discriminator there
  double rest = 0;               // mean |theta| over the last tenth
  double across = 0, along = 0;  // mean |slope| of the discriminator on the data, at the end
};

/// [n, 2], one z from each of n equal parts of [0, 1].
Tensor line(double theta, std::int64_t n, at::Generator generator) {
  const auto z = (torch::arange(n, torch::kFloat32) + torch::rand({n}, generator)) / static_cast<double>(n);
  return at::stack({torch::full_like(z, theta), z}, 1);
}

TransportRun train(const Player& player, const Lab& lab) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto network = critic(2, {64, 64}, "leaky-relu", generator);
  const objectives::Adversarial objective(player.objective);
  torch::optim::Adam optimizer(network->parameters(),
                               torch::optim::AdamOptions(lab.number("critic_rate")).betas({0.5, 0.9}));
  double theta = lab.number("start");
  const auto n = lab.integer("batch");
  const auto train_critic = [&](std::int64_t steps) {
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto real = line(0, n, generator), fake = line(theta, n, generator);
      const auto outputs = network->forward(at::cat({real, fake}));
      auto loss = objective.discriminator(outputs.narrow(0, 0, n), outputs.narrow(0, n, n));
      if (player.penalty > 0) {
        const auto judge = [&](const Tensor& x) { return network->forward(x); };
        loss = loss + player.penalty * objectives::gradient_penalty(judge, real, fake, false, generator);
      }
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      if (player.clip > 0) {
        const torch::NoGradGuard no_grad;
        for (auto& weights : network->parameters()) weights.clamp_(-player.clip, player.clip);
      }
    }
  };
  const auto gradient = [&] {
    const auto place = torch::full({}, theta, torch::requires_grad());
    const auto z = line(0, n, generator).select(1, 1);
    const auto loss = objective.generator(network->forward(at::stack({place.expand({n}), z}, 1)));
    return torch::autograd::grad({loss}, {place})[0].item<double>();
  };

  TransportRun course;
  course.theta.push_back(theta);
  train_critic(lab.integer("warmup"));
  course.force = std::abs(gradient());
  const auto steps = lab.integer("steps");
  for (std::int64_t i = 0; i < steps; ++i) {
    if (i > 0) train_critic(lab.integer("critic_steps"));
    theta -= lab.number("generator_rate") * gradient();  // plain descent: Adam would make any gradient large
    course.theta.push_back(theta);
  }
  const auto tail = std::max<std::size_t>(1, course.theta.size() / 10);
  for (std::size_t i = course.theta.size() - tail; i < course.theta.size(); ++i)
    course.rest += std::abs(course.theta[i]) / static_cast<double>(tail);
  const auto data = line(0, n, generator).requires_grad_();
  const auto slope = torch::autograd::grad({network->forward(data).sum()}, {data})[0].abs().mean(0);
  course.across = slope[0].item<double>();
  course.along = slope[1].item<double>();
  return course;
}

/// The slide's figure, from points on both lines.
void measure_distances(Lab& lab) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto data = line(0, lab.integer("points"), generator);
  std::vector<double> at, transport, js;
  double transport_error = 0, js_error = 0;
  for (int i = -20; i <= 20; ++i) {
    const double theta = i / 20.0;
    auto model = data.clone();
    model.select(1, 0).fill_(theta);
    const auto exact = earth_movers_distance(model, data);
    // Both lines have the same second coordinate, so the first decides. Lines in the same bin count as equal.
    const double divergence = histogram_js(model.select(1, 0), data.select(1, 0), 100);
    at.push_back(theta);
    transport.push_back(exact);
    js.push_back(divergence);
    transport_error = std::max(transport_error, std::abs(exact - std::abs(theta)));
    js_error = std::max(js_error, std::abs(divergence - (i == 0 ? 0 : std::log(2.0))));
  }
  lab.measure("transport", transport_error);
  lab.measure("js", js_error);
  lab.chart(
      "The distances",
      "Only the earth mover's distance has a slope. JS shows that the lines differ, but not by how much.",
      {{"θ"},
       {"distance"},
       {{"earth mover's distance", at, transport}, {"JS (nats)", at, js, LabSeries::Style::points}}});
}

}  // namespace

void parallel_lines(Lab& lab) {
  const OneThread one_thread;
  measure_distances(lab);

  const std::vector<Player> players = {{"GAN, minimax", "minimax"},
                                       {"GAN, non-saturating", "non-saturating"},
                                       {"WGAN, clipped", "wasserstein", lab.number("clip"), 0},
                                       {"WGAN-GP", "wasserstein", 0, lab.number("penalty")}};
  LabChart paths{{"generator step"}, {"θ"}, {}, {}};
  LabTable table{
      {"", "force on $\\theta$ at the start", "$\\theta$ at the end",
       "mean of $|\\theta|$ over the last tenth", "slope across the lines at the end", "along them"},
      {}};
  std::vector<TransportRun> courses;
  for (const auto& player : players) {
    lab.say("training " + player.name);
    const auto course = train(player, lab);
    std::vector<double> step(course.theta.size());
    for (std::size_t i = 0; i < step.size(); ++i) step[i] = static_cast<double>(i);
    paths.series.push_back({player.name, step, course.theta});
    table.rows.push_back({player.name, fmt::format("{:.3g}", course.force),
                          fmt::format("{:.4f}", course.theta.back()), fmt::format("{:.4f}", course.rest),
                          fmt::format("{:.3g}", course.across), fmt::format("{:.3g}", course.along)});
    courses.push_back(course);
  }
  lab.measure("minimax-force", courses[0].force);
  lab.measure("minimax", courses[0].rest);
  lab.measure("non-saturating-force", courses[1].force);
  lab.measure("clipped", courses[2].rest);
  lab.measure("penalty-force", courses[3].force);
  lab.measure("penalty", courses[3].rest);
  lab.chart("Which objectives move θ", "Every generator descends its own loss with the same step size.",
            std::move(paths));
  lab.table("Force and rest", "", std::move(table));
}

}  // namespace belamy::labs
