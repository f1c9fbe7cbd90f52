#include "metrics/principal.h"

#include <cmath>
#include <numbers>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

constexpr std::int64_t kChunk = 8192;  // rows converted to double precision at a time

// [D, K], orthonormal columns that span the rows.
torch::Tensor basis(const torch::Tensor& rows) {
  const auto [q, r] = at::linalg_qr(rows.to(torch::kFloat64).t());
  const auto lengths = r.diagonal().abs();
  if (lengths.min().item<double>() < 1e-10 * lengths.max().item<double>()) {
    throw data_error("the rows do not span a space of as many dimensions as there are rows");
  }
  return q;
}

}  // namespace

PrincipalComponents principal_components(const torch::Tensor& rows, std::int64_t k) {
  if (rows.dim() != 2 || rows.size(0) < 2 || k < 1 || k > rows.size(1)) {
    throw data_error(
        fmt::format("{} principal components need rows [N, D] with 2 rows and {} columns or more", k, k));
  }
  if (!torch::isfinite(rows).all().item<bool>()) throw data_error("the rows have values that are not finite");
  const auto count = static_cast<double>(rows.size(0));
  const auto mean = rows.sum(0, false, torch::kFloat64) / count;
  auto covariance = torch::zeros({rows.size(1), rows.size(1)}, torch::kFloat64);
  for (const auto& part : rows.split(kChunk)) {
    const auto centred = part.to(torch::kFloat64) - mean;
    covariance.addmm_(centred.t(), centred);
  }
  const auto [values, vectors] = at::linalg_eigh(covariance / count);  // ascending
  return {mean, values.flip(0), vectors.flip(1).narrow(1, 0, k).t().contiguous()};
}

torch::Tensor project(const torch::Tensor& rows, const PrincipalComponents& components) {
  const auto centred = rows.to(torch::kFloat64) - components.mean;
  return components.mean + at::mm(at::mm(centred, components.axes.t()), components.axes);
}

double largest_principal_angle(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.dim() != 2 || a.sizes() != b.sizes()) {
    throw data_error("two spaces to compare need the same number of rows of the same length");
  }
  const auto first = basis(a), second = basis(b);
  // By the sine, the part of one space outside of the other: the cosine would lose small angles to rounding.
  const auto outside = second - at::mm(first, at::mm(first.t(), second));
  const double sine = at::linalg_svdvals(outside).max().item<double>();
  return std::asin(std::min(sine, 1.0)) * 180 / std::numbers::pi;
}

}  // namespace belamy
