// The 1-D example of the BU deck. Data x ~ N(mu, w^2), generator x* = z + theta with z ~ N(0, w^2),
// discriminator D(x) = sigmoid(b + a x). All gradients are written out, as on the slide, and checked against
// differences and autograd.
#include <array>
#include <cmath>

#include "core/random.h"
#include "labs/lab.h"
#include "labs/line.h"
#include "objectives/adversarial.h"

namespace belamy::labs {
namespace {

struct Point {
  double theta = 0, a = 0, b = 0;
};

double sigmoid(double logit) {
  return 1 / (1 + std::exp(-logit));
}

/// Numbers with weights: samples with equal ones, or the nodes of an integral.
struct Weighted {
  std::vector<double> at, share;
};

Weighted drawn(Random& random, std::int64_t count, double width, double mean) {
  Weighted made;
  for (std::int64_t i = 0; i < count; ++i) made.at.push_back(mean + width * random.normal());
  made.share.assign(made.at.size(), 1.0 / static_cast<double>(count));
  return made;
}

/// The trapezoidal rule, exact to rounding for a normal density times functions that are smooth on its scale.
Weighted integral(double width, double mean) {
  constexpr int nodes = 801;
  Weighted made;
  double total = 0;
  for (int i = 0; i < nodes; ++i) {
    const double t = -12 + 24.0 * i / (nodes - 1);
    made.at.push_back(mean + width * t);
    made.share.push_back(std::exp(-t * t / 2));
    total += made.share.back();
  }
  for (auto& share : made.share) share /= total;
  return made;
}

template <typename F>
double mean(const Weighted& points, F f) {
  double sum = 0;
  for (std::size_t i = 0; i < points.at.size(); ++i) sum += points.share[i] * f(points.at[i]);
  return sum;
}

struct Game {
  Weighted real, noise;
  bool saturating = true;

  double discriminator_loss(const Point& p) const {
    return mean(noise, [&](double z) { return softplus(p.b + p.a * (z + p.theta)); }) +
           mean(real, [&](double x) { return softplus(-p.b - p.a * x); });
  }
  double generator_loss(const Point& p) const {
    return mean(noise, [&](double z) {
      const double logit = p.b + p.a * (z + p.theta);
      return saturating ? -softplus(logit) : softplus(-logit);
    });
  }
  /// By theta of the generator's loss, by a and b of the discriminator's.
  Point gradient(const Point& p) const {
    Point g;
    const auto fake = [&](double z) { return sigmoid(p.b + p.a * (z + p.theta)); };
    const auto miss = [&](double x) { return 1 - sigmoid(p.b + p.a * x); };
    const double fooled = mean(noise, fake);
    g.theta = -p.a * (saturating ? fooled : 1 - fooled);
    g.a = mean(noise, [&](double z) { return fake(z) * (z + p.theta); }) -
          mean(real, [&](double x) { return miss(x) * x; });
    g.b = fooled - mean(real, miss);
    return g;
  }
  double accuracy(const Point& p) const {
    return (mean(real, [&](double x) { return p.b + p.a * x > 0 ? 1.0 : 0.0; }) +
            mean(noise, [&](double z) { return p.b + p.a * (z + p.theta) < 0 ? 1.0 : 0.0; })) /
           2;
  }
};

double relative_error(double got, double wanted) {
  return std::abs(got - wanted) / std::max(1e-3, std::abs(wanted));
}

/// Largest relative error of the three gradients against central differences at some points.
double difference_error(const Game& game, const std::vector<Point>& points) {
  constexpr double h = 1e-5;
  double worst = 0;
  for (const auto& p : points) {
    const auto g = game.gradient(p);
    const auto slope = [&](double Point::*of, auto loss) {
      auto above = p, below = p;
      above.*of += h;
      below.*of -= h;
      return (loss(above) - loss(below)) / (2 * h);
    };
    const auto by_d = [&](const Point& at) { return game.discriminator_loss(at); };
    const auto by_g = [&](const Point& at) { return game.generator_loss(at); };
    worst =
        std::max({worst, relative_error(g.theta, slope(&Point::theta, by_g)),
                  relative_error(g.a, slope(&Point::a, by_d)), relative_error(g.b, slope(&Point::b, by_d))});
  }
  return worst;
}

double autograd_error(const Game& game, const std::vector<Point>& points) {
  const objectives::Adversarial objective(game.saturating ? "minimax" : "non-saturating");
  const auto x = torch::tensor(game.real.at, torch::kFloat64),
             z = torch::tensor(game.noise.at, torch::kFloat64);
  double worst = 0;
  for (const auto& p : points) {
    const auto variable = [](double value) {
      return torch::full({}, value, torch::TensorOptions(torch::kFloat64).requires_grad(true));
    };
    const auto theta = variable(p.theta), a = variable(p.a), b = variable(p.b);
    const auto fake = b + a * (z + theta);
    const auto d = torch::autograd::grad({objective.discriminator(b + a * x, fake)}, {a, b}, {}, true);
    const auto g = torch::autograd::grad({objective.generator(fake)}, {theta});
    const auto ours = game.gradient(p);
    worst = std::max({worst, relative_error(ours.a, d[0].item<double>()),
                      relative_error(ours.b, d[1].item<double>()),
                      relative_error(ours.theta, g[0].item<double>())});
  }
  return worst;
}

/// The discriminator's loss is convex in a and b: Newton's method finds the best one.
Point best_discriminator(const Game& game, Point p) {
  for (int i = 0; i < 50; ++i) {
    const auto g = game.gradient(p);
    double aa = 0, ab = 0, bb = 0;
    const auto add = [&](const Weighted& points, double shift) {
      for (std::size_t k = 0; k < points.at.size(); ++k) {
        const double x = points.at[k] + shift, d = sigmoid(p.b + p.a * x), w = points.share[k] * d * (1 - d);
        aa += w * x * x;
        ab += w * x;
        bb += w;
      }
    };
    add(game.real, 0);
    add(game.noise, p.theta);
    const double determinant = aa * bb - ab * ab;
    p.a -= (bb * g.a - ab * g.b) / determinant;
    p.b -= (aa * g.b - ab * g.a) / determinant;
  }
  return p;
}

/// Eigenvalues of the flow (theta, a, b)' = -gradient, linearised at the solution; the data's mean is
/// the origin.
torch::Tensor eigenvalues(double width, bool saturating) {
  const Game game{integral(width, 0), integral(width, 0), saturating};
  constexpr double h = 1e-5;
  const std::array<double Point::*, 3> parts = {&Point::theta, &Point::a, &Point::b};
  auto jacobian = torch::zeros({3, 3}, torch::kFloat64);
  for (int column = 0; column < 3; ++column) {
    Point above, below;
    above.*parts[column] = h;
    below.*parts[column] = -h;
    const auto up = game.gradient(above), down = game.gradient(below);
    for (int row = 0; row < 3; ++row) jacobian[row][column] = -(up.*parts[row] - down.*parts[row]) / (2 * h);
  }
  return torch::linalg_eigvals(jacobian);
}

/// Both values of -w^2/4 ± sqrt(w^4 - 4)/4 must be among the eigenvalues; the third, -1/2, belongs to
/// the offset.
double eigenvalue_error(double width, bool saturating) {
  const auto found = eigenvalues(width, saturating);
  const double w2 = width * width;
  const auto root = std::sqrt(std::complex<double>(w2 * w2 - 4)) / 4.0;
  double worst = 0;
  for (const auto wanted : {-w2 / 4 + root, -w2 / 4 - root}) {
    double nearest = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto value = found[i].item<c10::complex<double>>();
      nearest = std::min(nearest, std::abs(std::complex<double>(value.real(), value.imag()) - wanted));
    }
    worst = std::max(worst, nearest);
  }
  return worst;
}

std::string cell(double value) {
  return fmt::format("{:.4f}", value);
}

}  // namespace

void shift_gan(Lab& lab) {
  const double mu = lab.number("target"), width = lab.number("width");
  const auto rounds = lab.integer("rounds");
  Random random(static_cast<std::uint64_t>(lab.integer("seed")));
  Game game;
  game.saturating = lab.text("objective") == "minimax";
  game.real = drawn(random, lab.integer("samples"), width, mu);
  game.noise = drawn(random, lab.integer("samples"), width, 0);
  const auto identity = [](double x) { return x; };
  const double goal = mean(game.real, identity) - mean(game.noise, identity);

  // The game.
  Point p{lab.number("start"), 0, 0};
  std::vector<Point> path = {p};
  std::vector<double> losses = {game.discriminator_loss(p)};
  LabTable steps{{"round", "$\\phi_1$", "$\\phi_0$", "$\\theta$", "$L$", "$\\partial L/\\partial\\phi_1$",
                  "$\\partial L/\\partial\\phi_0$", "generator's $\\partial/\\partial\\theta$"},
                 {}};
  for (std::int64_t round = 0; round < rounds; ++round) {
    const auto first = game.gradient(p);
    for (std::int64_t k = 0; k < lab.integer("critic_steps"); ++k) {
      const auto g = game.gradient(p);
      p.a -= lab.number("critic_rate") * g.a;
      p.b -= lab.number("critic_rate") * g.b;
    }
    const auto second = game.gradient(p);
    for (std::int64_t k = 0; k < lab.integer("generator_steps"); ++k)
      p.theta -= lab.number("generator_rate") * game.gradient(p).theta;
    path.push_back(p);
    losses.push_back(game.discriminator_loss(p));
    if (round < 8) {
      steps.rows.push_back({std::to_string(round + 1), cell(p.a), cell(p.b), cell(p.theta),
                            cell(losses.back()), cell(first.a), cell(first.b), cell(second.theta)});
    }
  }
  double passes = 0;
  for (std::size_t i = 1; i < path.size(); ++i)
    passes += (path[i].theta > goal) != (path[i - 1].theta > goal);

  // What the slides claim.
  std::vector<Point> places = {{0.3, 0.7, -0.4}, {-1, -0.2, 1.1}, {2, 1.5, -3}};
  lab.measure("gradient", difference_error(game, places));
  lab.measure("autograd", autograd_error(game, places));
  const Game exact{integral(width, mu), integral(width, 0), game.saturating};
  const double theta = mu - 1.5 * width;  // close enough for Newton's method from zero
  const auto best = best_discriminator(exact, {theta, 0, 0});
  lab.measure("slope", std::abs(best.a - (mu - theta) / (width * width)));
  lab.measure("offset", std::abs(best.b - (theta * theta - mu * mu) / (2 * width * width)));
  lab.measure("eigenvalue", eigenvalue_error(width, game.saturating));
  lab.measure("arrives", std::abs(p.theta - goal));
  lab.measure("loss", losses.back());
  lab.measure("accuracy", game.accuracy(p));
  lab.measure("overshoot", passes);

  // Figures.
  const auto normal = [&](double x, double centre) {
    const double t = (x - centre) / width;
    return std::exp(-t * t / 2) / (width * std::sqrt(2 * M_PI));
  };
  double low = std::min(mu, path[0].theta), high = std::max(mu, path[0].theta);
  for (const auto& at : path) {
    low = std::min(low, at.theta);
    high = std::max(high, at.theta);
  }
  low -= 4 * width;
  high += 4 * width;
  std::vector<double> grid;
  for (int i = 0; i <= 200; ++i) grid.push_back(low + (high - low) * i / 200);
  const auto curve = [&](const std::string& name, auto f) {
    LabSeries series{name, grid, {}};
    for (const double x : grid) series.y.push_back(f(x));
    return series;
  };
  LabChart scene;
  scene.x = {"x"};
  scene.y = {"density; probability of being real", false, 0, std::max(1.0, normal(0, 0))};
  scene.series = {curve("data", [&](double x) { return normal(x, mu); })};
  std::vector<std::int64_t> shown;
  for (std::int64_t i = 0; i <= rounds; i += i < 30 ? 1 : std::max<std::int64_t>(1, (rounds - 30) / 40))
    shown.push_back(i);
  for (const auto i : shown) {
    const auto& at = path[static_cast<std::size_t>(i)];
    scene.frames.push_back(
        {fmt::format("round {}", i),
         {curve("generated", [&](double x) { return normal(x, at.theta); }),
          curve("discriminator D(x)", [&](double x) { return sigmoid(at.b + at.a * x); })}});
  }
  lab.chart(
      "The game, round by round",
      "Move the slider: the discriminator leans against the generated density, which moves over to the data.",
      std::move(scene));

  std::vector<double> round(path.size()), thetas, slopes, wanted;
  for (std::size_t i = 0; i < path.size(); ++i) {
    round[i] = static_cast<double>(i);
    thetas.push_back(path[i].theta);
    slopes.push_back(path[i].a);
    wanted.push_back((goal - path[i].theta) / (width * width));
  }
  const double last = static_cast<double>(rounds);
  lab.chart("The shift", "The dashed line is the shift that makes the means of the two samples equal.",
            {{"round"}, {"shift θ"}, {{"θ", round, thetas}, {"goal", {0, last}, {goal, goal}, {}, true}}});
  lab.chart(
      "Slope of the discriminator",
      "The best discriminator at each moment has the slope $(\\mu - \\theta)/w^2$. The one in the game "
      "lags behind, so that the generator overshoots.",
      {{"round"}, {"slope φ₁"}, {{"in the game", round, slopes}, {"the best one", round, wanted, {}, true}}});
  lab.chart(
      "Loss of the discriminator", "It ends at $2\\log 2$: the discriminator does no better than chance.",
      {{"round"},
       {"loss L (nats)"},
       {{"L", round, losses}, {"2 log 2", {0, last}, {2 * std::log(2.0), 2 * std::log(2.0)}, {}, true}}});
  LabChart phase{{"shift θ"},
                 {"slope φ₁"},
                 {{"path", thetas, slopes}, {"solution", {goal}, {0}, LabSeries::Style::points}}};
  phase.square = true;
  lab.chart("The path of both players", "A spiral: its damping is the real part of the eigenvalues.",
            std::move(phase));
  lab.table(
      "The first rounds by hand",
      "The gradients are those of each player's first update in the round; the parameters are those after "
      "it.",
      std::move(steps));
}

}  // namespace belamy::labs
