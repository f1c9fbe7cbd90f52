// What labs on the line share: mixtures of Gaussians, places, curves for charts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <torch/types.h>
#include <vector>

#include "metrics/divergence.h"
#include "report/lab_page.h"

namespace belamy::labs {

using torch::Tensor;

/// Gaussians on the line, equally weighted.
struct LineMixture {
  std::vector<Gaussian> parts;

  double log_density(double x) const;
  double density(double x) const;
  /// [n, 1] f32. Stratified: one draw from each of n equal shares of the mass, so that sampling noise does
  /// not hide the effect that a lab shows.
  Tensor sample(std::int64_t n, at::Generator generator) const;
  /// Bounds of all but a negligible part of the mass.
  double low() const;
  double high() const;
};

/// log(1 + e^t) without overflow.
double softplus(double t);

/// `count` equally spaced numbers from low to high, both included.
std::vector<double> places(double low, double high, int count);
/// Numbers as [N, 1] f32.
Tensor column(const std::vector<double>& values);

LabSeries curve(const std::string& name, const std::vector<double>& x, const std::function<double(double)>& f,
                bool dashed = false);

}  // namespace belamy::labs
