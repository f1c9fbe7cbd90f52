// Helpers of several labs: densities on the line, small networks, curves for charts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "data/dataset.h"
#include "metrics/divergence.h"
#include "nn/layers.h"
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

/// `source`, if that data set is on this machine, else "glyphs", which always is.
std::string at_hand(const std::string& source);

/// Points [N, D] as a data set, for a Session.
Dataset dataset_of(const Tensor& points, const std::string& name);

/// Linear layers with `unit` between them and one output: [N, in] -> [N].
std::shared_ptr<nn::Chain> critic(std::int64_t in, std::vector<std::int64_t> widths, const std::string& unit,
                                  at::Generator generator);

/// One thread while it exists: the fastest for small networks. Restores the number of threads at the end.
class OneThread {
 public:
  OneThread();
  ~OneThread();

 private:
  int before_;
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
