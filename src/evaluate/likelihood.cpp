// The likelihood of test data, or its bound.
#include <fmt/format.h>
#include <string>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/parzen.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// "probabilities at 256 levels": what the likelihood is of, for passports.
std::string range_of(const Density& density, const DataShape& shape) {
  if (density.levels() > 0) return fmt::format("probabilities at {} levels", density.levels());
  return shape.is_images() ? "density on [0, 1]" : "density";
}

const char* kind_text(Density::Kind kind) {
  switch (kind) {
    case Density::Kind::exact: return "exact";
    case Density::Kind::lower_bound: return "an upper bound";
    case Density::Kind::estimate: return "an estimate";
  }
  return "";
}

// The mean negative log-likelihood with `draws` of the latent per example.
double add_likelihood(EvaluationContext& context, const char* key, std::int64_t draws) {
  auto& density = *context.model().density();
  const auto test = context.limited_test();
  auto generator = context.run().generator(context.request().seed);
  std::int64_t done = 0;
  const auto each = in_batches(context.run(), test, [&](const Tensor& x) {
    context.progress(fmt::format("likelihood, {}: {} of {}", counted(draws, "draw"), done, test.size(0)));
    done += x.size(0);
    return -density.log_likelihood(x, generator, draws);
  });
  const auto range = range_of(density, context.run().shape());
  auto note = fmt::format("{}, {}, mean over {}, {}", kind_text(density.kind()), range,
                          counted(each.size(0), "test example"), standard_error_of(each, 3));
  if (draws > 1) note += fmt::format(", {} importance-weighted draws each", draws);
  if (const auto how = density.how(); !how.empty()) note += "; " + how;
  const double mean = each.mean().item<double>();
  context.add(key, mean, note, {.examples = each.size(0), .range = range, .draws = draws});
  return mean;
}

void take_likelihood(EvaluationContext& context) {
  auto& density = *context.model().density();
  const auto draws = context.request().likelihood_samples;
  if (draws > 1 && !density.tightens())
    throw usage_error(fmt::format("the likelihood of {} does not depend on --likelihood-samples",
                                  context.run().recipe().model->name),
                      "leave it out, or set it to 1");
  const bool bound = density.kind() == Density::Kind::lower_bound;
  double best = add_likelihood(context, bound ? "negative-elbo" : "negative-log-likelihood", 1);
  if (bound && draws > 1) best = add_likelihood(context, "negative-log-likelihood", draws);
  const auto& shape = context.run().shape();
  if (!shape.is_images()) return;
  context.add(
      "bits-per-dimension", bits_per_dimension(best, shape.values(), density.levels()),
      fmt::format("{} an example{}", counted(shape.values(), "value"),
                  density.levels() > 0 ? "" : "; of a density on [0, 1], 8 bits are added for bytes"),
      {.examples = context.limited_test().size(0), .range = range_of(density, shape), .draws = draws});
}

}  // namespace

namespace measures {

Measure likelihood() {
  return {.key = "likelihood",
          .text = "likelihood of test data",
          .cost = "seconds",
          .needs = Capability::density,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::density); },
          .take = take_likelihood,
          .asked = [](const EvaluationRequest& request) { return request.likelihood_samples > 1; }};
}

}  // namespace measures
}  // namespace belamy
