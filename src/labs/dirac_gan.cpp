// The Dirac-GAN of Mescheder, Geiger and Nowozin (2018): data at 0, generator at theta, discriminator psi x.
// Both players share L = f(psi theta) + f(0), f(t) = -log(1 + e^-t); theta descends it, psi ascends it.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include "core/text.h"
#include "labs/lab.h"

namespace belamy::labs {
namespace {

struct Place {
  double theta = 0, psi = 0;
  double radius() const { return std::hypot(theta, psi); }
};
Place operator+(Place a, Place b) {
  return {a.theta + b.theta, a.psi + b.psi};
}
Place operator*(double s, Place a) {
  return {s * a.theta, s * a.psi};
}

using Field = std::function<Place(Place)>;
using Pair = std::array<std::complex<double>, 2>;

/// f'(t) and f''(t).
double slope(double t) {
  return 1 / (1 + std::exp(t));
}
double bend(double t) {
  return -slope(t) * slope(-t);
}

Place plain(Place p) {
  const double s = slope(p.theta * p.psi);
  return {-p.psi * s, p.theta * s};
}

Place non_saturating(Place p) {
  const double t = p.theta * p.psi;
  return {-p.psi * slope(-t), p.theta * slope(t)};
}

Place wasserstein(Place p) {
  return {-p.psi, p.theta};
}

/// Both players descend gamma/2 |v|^2 as well: v - gamma J^T v, with the plain game's J written out.
Place consensus(Place p, double gamma) {
  const auto v = plain(p);
  const double t = p.theta * p.psi, s = slope(t), b = bend(t);
  const double cross = s + t * b;
  return {v.theta - gamma * (-p.psi * p.psi * b * v.theta + cross * v.psi),
          v.psi - gamma * (-cross * v.theta + p.theta * p.theta * b * v.psi)};
}

/// Noise of deviation `noise` on the generated and on the real point; the mean by the trapezoidal rule, which
/// is exact to rounding here.
Place instance_noise(Place p, double noise) {
  constexpr int nodes = 121;
  Place sum;
  double total = 0;
  for (int i = 0; i < nodes; ++i) {
    const double e = -9 + 18.0 * i / (nodes - 1), weight = std::exp(-e * e / 2);
    const double fake = p.theta + noise * e, real = noise * e;
    const double s = slope(p.psi * fake);
    total += weight;
    sum = sum + weight * Place{-p.psi * s, fake * s - real * slope(-p.psi * real)};
  }
  return 1 / total * sum;
}

Pair roots(double trace, double determinant) {
  const auto root = std::sqrt(std::complex<double>(trace * trace / 4 - determinant));
  return {trace / 2 + root, trace / 2 - root};
}

/// Eigenvalues of a map's or a field's Jacobian at 0, by differences of fourth order.
Pair eigenvalues(const Field& field) {
  constexpr double h = 2e-3;
  const auto derivative = [&](Place along) {
    const auto near = field(h * along) + -1.0 * field(-h * along);
    const auto far = field(2 * h * along) + -1.0 * field(-2 * h * along);
    return 1 / (12 * h) * (8.0 * near + -1.0 * far);
  };
  const auto a = derivative({1, 0}), b = derivative({0, 1});
  return roots(a.theta + b.psi, a.theta * b.psi - a.psi * b.theta);
}

double distance(const Pair& a, const Pair& b) {
  const double straight = std::max(std::abs(a[0] - b[0]), std::abs(a[1] - b[1]));
  const double crossed = std::max(std::abs(a[0] - b[1]), std::abs(a[1] - b[0]));
  return std::min(straight, crossed);
}

double modulus(const Pair& pair) {
  return std::max(std::abs(pair[0]), std::abs(pair[1]));
}

Place step(const Field& field, Place p, double h, bool alternating) {
  const auto v = field(p);
  if (!alternating) return p + h * v;
  p.theta += h * v.theta;
  p.psi += h * field(p).psi;
  return p;
}

/// One step of the classical Runge-Kutta rule.
Place runge_kutta(const Field& field, Place p, double h) {
  const auto a = field(p), b = field(p + h / 2 * a), c = field(p + h / 2 * b), d = field(p + h * c);
  return p + h / 6 * (a + 2.0 * b + 2.0 * c + d);
}

struct Method {
  std::string name, key, closed_form;
  Field field;
  std::optional<Pair> expected;
  enum class End { rest, circle, either } end = End::either;
  double clip = 0;  ///< 0: off
};

std::vector<Place> descend(const Method& method, Place p, double h, std::int64_t steps, bool alternating) {
  std::vector<Place> path = {p};
  for (std::int64_t i = 0; i < steps; ++i) {
    p = step(method.field, p, h, alternating);
    if (method.clip > 0) p.psi = std::clamp(p.psi, -method.clip, method.clip);
    if (p.radius() > 1e6) break;  // before squares overflow
    path.push_back(p);
  }
  return path;
}

std::string show(const Pair& pair) {
  const auto& a = pair[0];
  if (std::abs(a.imag()) < 1e-9)
    return fmt::format("{:.6f}, {:.6f}", pair[0].real() + 0.0, pair[1].real() + 0.0);
  const double real = std::abs(a.real()) < 5e-7 ? 0 : a.real();
  return fmt::format("{:.6f} ± {:.6f} i", real, std::abs(a.imag()));
}

/// At most `limit` places of a path, for a chart.
LabSeries trace(const std::string& name, const std::vector<Place>& path, std::size_t limit = 1200) {
  LabSeries series{name, {}, {}};
  for (std::size_t i = 0; i < std::min(path.size(), limit); ++i) {
    series.x.push_back(path[i].theta);
    series.y.push_back(path[i].psi);
  }
  return series;
}

std::string fate(double ratio) {
  return ratio < 1e-3 ? "comes to rest" : ratio > 3 ? "runs away" : "does not come to rest";
}

}  // namespace

void dirac_gan(Lab& lab) {
  const double gamma = lab.number("gamma"), noise = lab.number("noise"), target = lab.number("target");
  const double h = lab.number("rate"), s2 = noise * noise;
  const Place start{lab.number("start_theta"), lab.number("start_psi")};
  using End = Method::End;
  const auto pair = [](double trace, double determinant) {
    return std::optional<Pair>(roots(trace, determinant));
  };
  const std::vector<Method> methods = {
      {"plain GAN", "gan", "$\\pm\\frac i2$", plain, pair(0, 0.25), End::circle},
      {"non-saturating GAN", "nonsaturating", "$\\pm\\frac i2$", non_saturating, pair(0, 0.25)},
      {"WGAN", "wgan", "$\\pm i$", wasserstein, pair(0, 1), End::circle},
      {"WGAN, clipped", "", "$\\pm i$ inside the clip", wasserstein, {}, End::circle, lab.number("clip")},
      {"WGAN-GP",
       "",
       "none: the field jumps",
       [=](Place p) {
         auto v = wasserstein(p);
         v.psi -= gamma * (std::abs(p.psi) - target) * (p.psi < 0 ? -1 : 1);
         return v;
       },
       {},
       End::circle},
      {"R1", "r1", "$-\\frac\\gamma2\\pm\\sqrt{\\frac{\\gamma^2}4-\\frac14}$",
       [=](Place p) {
         return plain(p) + Place{0, -gamma * p.psi};
       },
       pair(-gamma, 0.25), End::rest},
      {"instance noise", "instance_noise", "$-\\frac{s^2}4\\pm\\sqrt{\\frac{s^4}{16}-\\frac14}$",
       [=](Place p) { return instance_noise(p, noise); }, pair(-s2 / 2, 0.25), End::rest},
      {"consensus", "consensus", "$-\\frac\\gamma4\\pm\\frac i2$",
       [=](Place p) { return consensus(p, gamma); }, pair(-gamma / 2, gamma * gamma / 16 + 0.25), End::rest},
  };

  LabTable eigen{{"method", "closed form", "its value", "measured"}, {}};
  LabTable ends{{"method", "simultaneous: radius", "", "alternating: radius", ""}, {}};
  LabChart radii{{"step"}, {"distance from the equilibrium", true, 1e-6, 1e2}};
  std::vector<LabChart> planes;
  double rest = 0, circle = 1e300;
  std::vector<double> x, y;
  for (int i = 0; i < 15 * 15; ++i) {
    x.push_back(-2.1 + 0.3 * (i % 15));
    y.push_back(-2.1 + 0.3 * (i / 15));
  }
  for (const auto& method : methods) {
    if (method.expected) {
      const auto found = eigenvalues(method.field);
      lab.measure(method.key, distance(found, *method.expected));
      eigen.rows.push_back({method.name, method.closed_form, show(*method.expected), show(found)});
    } else {
      eigen.rows.push_back({method.name, method.closed_form, "–", "–"});
    }
    std::array<double, 2> ratio{};
    std::array<std::vector<Place>, 2> paths;
    for (const bool alternating : {false, true}) {
      auto& path = paths[alternating];
      path = descend(method, start, h, lab.integer("steps"), alternating);
      ratio[alternating] = path.back().radius() / start.radius();
    }
    if (method.end == End::rest) rest = std::max({rest, ratio[0], ratio[1]});
    if (method.end == End::circle) circle = std::min({circle, ratio[0], ratio[1]});
    ends.rows.push_back({method.name, fmt::format("{:.2e}", ratio[0]), fate(ratio[0]),
                         fmt::format("{:.2e}", ratio[1]), fate(ratio[1])});
    LabSeries radius{method.name, {}, {}};
    const auto every = std::max<std::size_t>(1, paths[1].size() / 500);
    for (std::size_t i = 0; i < paths[1].size(); i += every) {
      radius.x.push_back(static_cast<double>(i));
      radius.y.push_back(paths[1][i].radius());
    }
    radii.series.push_back(std::move(radius));

    std::vector<double> u, v;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = method.field({x[i], y[i]});
      u.push_back(at.theta);
      v.push_back(at.psi);
    }
    LabChart plane{{"generator θ", false, -2.4, 2.4}, {"discriminator ψ", false, -2.4, 2.4}};
    plane.square = true;
    plane.series = {lab_arrows("gradient field", x, y, u, v, 0.27),
                    trace("simultaneous descent", paths[0]),
                    trace("alternating descent", paths[1]),
                    {"equilibrium", {0}, {0}, LabSeries::Style::points}};
    planes.push_back(std::move(plane));
  }
  lab.measure("rest", rest);
  lab.measure("circle", circle);
  lab.measure("two_rates", distance(eigenvalues([](Place p) {
                                      const auto v = plain(p);
                                      return Place{v.theta, 4 * v.psi};
                                    }),
                                    roots(0, 1)));

  // Steps.
  const auto map = [](double rate, bool alternating) {
    return [=](Place p) { return step(plain, p, rate, alternating); };
  };
  const double grows = std::sqrt(1 + h * h / 4);
  lab.measure("simultaneous", std::abs(modulus(eigenvalues(map(h, false))) - grows));
  lab.measure("alternating", std::abs(modulus(eigenvalues(map(std::min(h, 4.0), true))) - 1));
  lab.measure("alternating_fast", modulus(eigenvalues(map(4.5, true))));
  const auto close = descend(methods[0], {1e-8, 1e-8}, h, 100, false);
  lab.measure("growth", std::abs(std::pow(close.back().radius() / close.front().radius(), 0.01) - grows));

  // Flows.
  constexpr double dt = 0.02;
  const auto time = static_cast<std::int64_t>(static_cast<double>(lab.integer("flow_time")) / dt);
  LabSeries kept{"plain GAN", {}, {}}, falls{"non-saturating GAN", {}, {}},
      law{"law: 1/r² grows by 1/8", {}, {}};
  law.dashed = true;
  auto p = start, q = start;
  double drift = 0, middle = 0, end = 0, slope_error = 0;
  const double first = start.radius() * start.radius();
  for (std::int64_t i = 0; i <= time; ++i) {
    const double r2 = q.radius() * q.radius();
    drift = std::max(drift, std::abs(p.radius() * p.radius() / first - 1));
    if (i == time / 2) middle = 1 / r2;
    end = 1 / r2;
    if (i % std::max<std::int64_t>(1, time / 400) == 0) {
      const double now = static_cast<double>(i) * dt;
      kept.x.push_back(now);
      kept.y.push_back(1 / (p.radius() * p.radius()));
      falls.x.push_back(now);
      falls.y.push_back(1 / r2);
      law.x.push_back(now);
      law.y.push_back(1 / first + now / 8);
      const double tiny = 1e-4, t = q.theta * q.psi;
      const double up = runge_kutta(non_saturating, q, tiny).radius(),
                   down = runge_kutta(non_saturating, q, -tiny).radius();
      slope_error =
          std::max(slope_error, std::abs((up * up - down * down) / (4 * tiny) + t * std::tanh(t / 2)));
    }
    p = runge_kutta(plain, p, dt);
    q = runge_kutta(non_saturating, q, dt);
  }
  lab.measure("conserved", drift);
  lab.measure("nonsaturating_flow", slope_error);
  lab.measure("sublinear", (end - middle) / (static_cast<double>(time - time / 2) * dt));

  lab.table("Eigenvalues at the equilibrium",
            "Of the Jacobian of the field that descent follows below, by differences of fourth order.",
            std::move(eigen));
  lab.table("Where descent ends",
            fmt::format("Radius after {} of {}, as a share of the radius at the start.",
                        counted(lab.integer("steps"), "step"), h),
            std::move(ends));
  lab.chart("Alternating descent", "A straight line downwards is convergence at a fixed rate.",
            std::move(radii));
  lab.chart("The flows of the two GANs",
            "The plain game keeps its radius for ever. The non-saturating one converges, but only as one "
            "over the square root of time.",
            {{"time"}, {"1 / r²"}, {kept, law, falls}});
  for (std::size_t i = 0; i < methods.size(); ++i) {
    lab.chart(methods[i].name,
              i == 0 ? "Arrows show direction; their length grows with the square root of the speed." : "",
              std::move(planes[i]));
  }
}

}  // namespace belamy::labs
