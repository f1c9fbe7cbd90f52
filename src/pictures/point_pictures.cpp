#include "pictures/point_pictures.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <torch/nn/functional/upsampling.h>

#include "belamy/error.h"

#include "data/canvas.h"

namespace belamy {
namespace {

using Colour = Canvas::Colour;

constexpr int kPlotSide = 512;  // of the plane's picture; also the width of the line's
constexpr int kLineHeight = 400;
constexpr int kCells = 96;   // places along each side where the surface is asked for
constexpr int kShades = 24;  // few, so that bands show the surface's shape and the file stays small
constexpr int kArrows = 140;
constexpr int kBins = 80;
constexpr double kDigits = 9;  // height of the numbers

constexpr Colour kPaper = {255, 255, 255};
constexpr Colour kLow = {244, 190, 152};  // the discriminator says: generated
constexpr Colour kEven = {250, 249, 246};
constexpr Colour kHigh = {146, 207, 192};  // it says: real
constexpr Colour kReal = {66, 74, 86};
constexpr Colour kSample = {24, 92, 200};
constexpr Colour kArrow = {150, 30, 80};
constexpr Colour kCurve = {196, 84, 16};
constexpr Colour kAxis = {96, 102, 112};

Tensor on_host(const Tensor& x) {
  return x.detach().to(torch::kCPU, torch::kFloat).contiguous();
}

/// A range of values on one axis.
struct AxisRange {
  double low, high;
  double span() const { return high - low; }
};

// The data's range with a margin; room of its own around a single point.
AxisRange window_of(const Tensor& column, double widening) {
  const Tensor finite = column.masked_select(column.isfinite());
  if (finite.numel() == 0) return {-1, 1};
  const double low = finite.min().item<double>(), high = finite.max().item<double>();
  const double middle = 0.5 * (low + high), half = high > low ? 0.5 * (high - low) * widening : 2;
  return {middle - half, middle + half};
}

// 1, 2 or 5 times a power of ten, so that at most six of them fit.
double tick_step(double span) {
  const double rough = span / 6, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (step * power >= rough) return step * power;
  }
  return 10 * power;
}

std::vector<double> ticks_of(const AxisRange& range) {
  const double step = tick_step(range.span());
  std::vector<double> ticks;
  for (double i = std::ceil(range.low / step); i * step <= range.high; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string tick_text(double tick, double span) {
  // What rounding leaves of zero is zero.
  return fmt::format("{:.4g}", std::abs(tick) < 1e-9 * span ? 0.0 : tick);
}

/// Minus the score, read as how real a place looks.
class Surface {
 public:
  explicit Surface(Scorer& scorer) : scorer_(scorer) {}

  /// [N, D] -> [N] on the CPU.
  Tensor at(const Tensor& places) const {
    const torch::NoGradGuard no_grad;
    return on_host(-scorer_.score(places));
  }

  /// The gradient at places [N, D], on the CPU; undefined where the score has none.
  Tensor slope(const Tensor& places) const {
    const at::AutoGradMode with_gradients(true);
    const Tensor x = places.detach().clone().requires_grad_(true);
    const Tensor value = -scorer_.score(x).sum();
    if (!value.requires_grad()) return {};
    const auto gradients = torch::autograd::grad({value}, {x}, {}, false, false, /*allow_unused=*/true);
    return gradients[0].defined() ? on_host(gradients[0]) : Tensor{};
  }

  /// Values as shares of the way from "generated" (0) to "real" (1).
  Tensor shares(const Tensor& values) const {
    if (scorer_.is_log_odds()) return values.sigmoid();
    const Tensor finite = values.masked_select(values.isfinite());
    if (finite.numel() == 0) return torch::full_like(values, 0.5);
    const Tensor low = torch::quantile(finite, 0.02), high = torch::quantile(finite, 0.98);
    return ((values - low) / (high - low).clamp_min(std::numeric_limits<float>::min())).clamp(0, 1);
  }

 private:
  Scorer& scorer_;
};

Colour shade(double share) {
  if (!std::isfinite(share)) return kEven;
  const double banded = (std::floor(share * kShades) + 0.5) / kShades;
  const double away = std::clamp(2 * banded - 1, -1.0, 1.0);
  const Colour& end = away < 0 ? kLow : kHigh;
  Colour colour;
  for (std::size_t i = 0; i < 3; ++i)
    colour[i] = static_cast<int>(std::lround(kEven[i] + std::abs(away) * (end[i] - kEven[i])));
  return colour;
}

// --- the plane
// -----------------------------------------------------------------------------------------------

/// The plane's window: both axes at one scale, so that a circle is round.
struct Plane {
  AxisRange x, y;
  double across(double value) const { return (value - x.low) / x.span() * kPlotSide; }
  double down(double value) const { return (y.high - value) / y.span() * kPlotSide; }

  explicit Plane(const Tensor& points)
      : x(window_of(points.select(1, 0), 1.3)), y(window_of(points.select(1, 1), 1.3)) {
    const double half = 0.5 * std::max(x.span(), y.span());
    for (AxisRange* range : {&x, &y}) {
      const double middle = 0.5 * (range->low + range->high);
      *range = {middle - half, middle + half};
    }
  }
};

void draw_surface(Canvas& canvas, const Plane& plane, const Surface& surface, torch::Device device) {
  const auto options = torch::TensorOptions().device(device);
  const Tensor x = torch::linspace(plane.x.low, plane.x.high, kCells, options);
  const Tensor y = torch::linspace(plane.y.high, plane.y.low, kCells, options);
  const auto grid = torch::meshgrid({y, x}, "ij");
  const Tensor places = torch::stack({grid[1].flatten(), grid[0].flatten()}, 1);  // rows downwards
  const Tensor shares = surface.shares(surface.at(places)).view({1, 1, kCells, kCells});
  namespace F = torch::nn::functional;
  const Tensor fine = F::interpolate(shares, F::InterpolateFuncOptions()
                                                 .size(std::vector<std::int64_t>{kPlotSide, kPlotSide})
                                                 .mode(torch::kBilinear)
                                                 .align_corners(true))
                          .view({kPlotSide, kPlotSide});
  const auto value = fine.accessor<float, 2>();
  for (int row = 0; row < kPlotSide; ++row) {
    for (int column = 0; column < kPlotSide; ++column) canvas.pixel(column, row, shade(value[row][column]));
  }
}

void draw_lattice(Canvas& canvas, const Plane& plane) {
  for (const double tick : ticks_of(plane.x)) {
    const double at = std::floor(plane.across(tick)) + 0.5;
    canvas.line(at, 0, at, kPlotSide, 1, kAxis, 0.18);
  }
  for (const double tick : ticks_of(plane.y)) {
    const double at = std::floor(plane.down(tick)) + 0.5;
    canvas.line(0, at, kPlotSide, at, 1, kAxis, 0.18);
  }
}

// A number with its left end and middle at (x, y), readable over whatever is there.
void label(Canvas& canvas, double x, double y, const std::string& text, const Colour& colour) {
  const double width = Canvas::number_width(kDigits, text);
  canvas.rectangle(x - 3, y - kDigits / 2 - 3, x + width + 3, y + kDigits / 2 + 3, kPaper, 0.7);
  canvas.number(x, y, kDigits, text, colour);
}

void label_lattice(Canvas& canvas, const Plane& plane) {
  for (const double tick : ticks_of(plane.x)) {
    const auto text = tick_text(tick, plane.x.span());
    const double left = plane.across(tick) - Canvas::number_width(kDigits, text) / 2;
    if (left > 24 && left < kPlotSide - 24) label(canvas, left, kPlotSide - 10, text, kAxis);
  }
  for (const double tick : ticks_of(plane.y)) {
    const double at = plane.down(tick);
    if (at > 12 && at < kPlotSide - 24) label(canvas, 6, at, tick_text(tick, plane.y.span()), kAxis);
  }
}

void draw_points(Canvas& canvas, const Plane& plane, const Tensor& points, double radius,
                 const Colour& colour, double alpha, bool clamped) {
  const Tensor set = on_host(points);
  const auto at = set.accessor<float, 2>();
  for (std::int64_t i = 0; i < at.size(0); ++i) {
    double x = plane.across(at[i][0]), y = plane.down(at[i][1]);
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    if (clamped) {
      x = std::clamp(x, radius, kPlotSide - radius);
      y = std::clamp(y, radius, kPlotSide - radius);
    }
    canvas.disc(x, y, radius, colour, alpha);
  }
}

void draw_field(Canvas& canvas, const Plane& plane, const Surface& surface, const Tensor& samples) {
  const Tensor places = samples.narrow(0, 0, std::min<std::int64_t>(kArrows, samples.size(0)));
  const Tensor slopes = surface.slope(places);
  if (!slopes.defined() || !slopes.isfinite().all().item<bool>()) return;
  // The longest arrows are cut, so that one steep place does not make all others vanish.
  const double unit = torch::quantile(slopes.norm(2, 1), 0.8).item<double>();
  if (!(unit > 0)) return;
  const Tensor from = on_host(places);
  const auto at = from.accessor<float, 2>(), to = slopes.accessor<float, 2>();
  for (std::int64_t i = 0; i < at.size(0); ++i) {
    const double x = plane.across(at[i][0]), y = plane.down(at[i][1]);
    const double norm = std::hypot(to[i][0], to[i][1]),
                 length = 0.055 * kPlotSide * std::min(1.0, norm / unit);
    if (!(length > 4) || !std::isfinite(x) || !std::isfinite(y)) continue;
    canvas.arrow(x, y, x + length * to[i][0] / norm, y - length * to[i][1] / norm, 1.5, kArrow, 0.75);
  }
}

Image plane_picture(const Tensor& samples, const Tensor& data, Scorer* scorer) {
  const Plane plane(on_host(data.defined() ? data : samples));
  Canvas canvas(kPlotSide, kPlotSide, kPaper);
  if (scorer) draw_surface(canvas, plane, Surface(*scorer), samples.device());
  draw_lattice(canvas, plane);
  if (data.defined()) draw_points(canvas, plane, data, 1.6, kReal, 0.35, false);
  if (scorer) draw_field(canvas, plane, Surface(*scorer), samples);
  draw_points(canvas, plane, samples, 2.1, kSample, 0.6, true);
  label_lattice(canvas, plane);
  return canvas.image();
}

// --- the line
// ------------------------------------------------------------------------------------------------

// [N] -> the density in each bin, [kBins]; what is outside counts at the ends.
Tensor histogram(const Tensor& values, const AxisRange& window) {
  const Tensor finite = values.masked_select(values.isfinite());
  if (finite.numel() == 0) return torch::zeros({kBins});
  const double width = window.span() / kBins;
  const Tensor places = ((finite - window.low) / width).floor().clamp(0, kBins - 1).to(torch::kLong);
  return torch::bincount(places, {}, kBins).to(torch::kFloat) / (static_cast<double>(finite.numel()) * width);
}

Image line_picture(const Tensor& samples, const Tensor& data, Scorer* scorer) {
  constexpr double bottom = kLineHeight - 26, top = 14;
  const Tensor fake = on_host(samples).flatten();
  const Tensor real = data.defined() ? on_host(data).flatten() : Tensor{};
  const AxisRange window = window_of(data.defined() ? real : fake, 1.6);
  const auto across = [&](double value) { return (value - window.low) / window.span() * kPlotSide; };
  const Tensor densities = histogram(fake, window);
  const Tensor densities_real = data.defined() ? histogram(real, window) : densities;
  // The data decides the height too: a collapsed sample is cut off at the top.
  const double greatest = 1.45 * densities_real.max().item<double>();
  const auto up = [&](double density) { return bottom - (bottom - top) * std::min(density / greatest, 1.0); };

  Canvas canvas(kPlotSide, kLineHeight, kPaper);
  for (const double tick : ticks_of(window)) {
    const double at = std::floor(across(tick)) + 0.5;
    canvas.line(at, top, at, bottom, 1, kAxis, 0.18);
    const auto text = tick_text(tick, window.span());
    const double left = at - Canvas::number_width(kDigits, text) / 2;
    if (left > 4 && 2 * at - left < kPlotSide - 4)
      canvas.number(left, kLineHeight - 12, kDigits, text, kAxis);
  }
  const auto bars = [&](const Tensor& heights, const Colour& colour, double alpha, bool outlined) {
    const auto value = heights.accessor<float, 1>();
    double before = bottom;
    for (int i = 0; i < kBins; ++i) {
      const double left = i * double(kPlotSide) / kBins, right = (i + 1) * double(kPlotSide) / kBins,
                   at = up(value[i]);
      if (at < bottom) canvas.rectangle(left, at, right, bottom, colour, alpha);
      if (outlined) {
        if (at != before) canvas.line(left, before, left, at, 1.4, colour, 0.9);
        canvas.line(left, at, right, at, 1.4, colour, at < bottom ? 0.9 : 0);
      }
      before = at;
    }
  };
  if (data.defined()) bars(densities_real, kReal, 0.3, false);
  bars(densities, kSample, 0.22, true);
  canvas.line(0, bottom, kPlotSide, bottom, 1, kAxis);

  if (scorer) {
    const Surface surface(*scorer);
    const Tensor places =
        torch::linspace(window.low, window.high, kPlotSide + 1, samples.options().dtype(torch::kFloat));
    const Tensor shares = surface.shares(surface.at(places.unsqueeze(1)));
    const auto value = shares.accessor<float, 1>();
    const auto level = [&](double share) { return bottom - (bottom - top) * share; };
    for (const double share : {0.5, 1.0}) {
      for (int x = 0; x < kPlotSide; x += 8)
        canvas.line(x, level(share), x + 3, level(share), 1, kCurve, 0.45);
    }
    for (int x = 0; x < kPlotSide; ++x) {
      if (std::isfinite(value[x]) && std::isfinite(value[x + 1]))
        canvas.line(x, level(value[x]), x + 1, level(value[x + 1]), 2, kCurve);
    }
    if (scorer->is_log_odds()) {
      for (const double share : {0.5, 1.0})
        label(canvas, 6, level(share), fmt::format("{:g}", share), kCurve);
    }
  }
  return canvas.image();
}

void check_dimension(std::int64_t dimension) {
  if (dimension == 1 || dimension == 2) return;
  throw usage_error(fmt::format("points in {} dimensions make no picture", dimension),
                    "pictures are made of 1 and 2 dimensions; write arrays (.npz) instead");
}

}  // namespace

Image points_picture(const Tensor& samples, const Tensor& data, Scorer* scorer) {
  check_dimension(samples.size(1));
  return samples.size(1) == 1 ? line_picture(samples, data, scorer) : plane_picture(samples, data, scorer);
}

std::vector<std::pair<std::string, std::string>> points_legend(std::int64_t dimension, Scorer* scorer) {
  std::vector<std::pair<std::string, std::string>> legend = {{hex(kReal), "data"}, {hex(kSample), "samples"}};
  if (!scorer) return legend;
  const auto& name = scorer->score_name();
  const bool odds = scorer->is_log_odds();
  if (dimension == 1) {
    legend.emplace_back(hex(kCurve), odds ? "the discriminator's belief that a place is real, 0 to 1"
                                          : "minus its score (" + name + "), from its least to its greatest");
    return legend;
  }
  legend.emplace_back(hex(kHigh), odds ? "the discriminator says: real" : "low score (" + name + ")");
  legend.emplace_back(hex(kLow), odds ? "it says: generated" : "high score");
  legend.emplace_back(hex(kArrow), "where a sample is drawn to");
  return legend;
}

}  // namespace belamy
