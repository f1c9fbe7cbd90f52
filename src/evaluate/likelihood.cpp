// The likelihood of test data, or its bound.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "metrics/parzen.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// The mean negative log-likelihood with `draws` of the latent per example.
double add_likelihood(EvaluationContext& context, const char* key, std::int64_t draws) {
  auto& density = *context.model().density();
  const auto test = context.limited_test();
  auto generator = context.run().generator(context.request().seed);
  std::int64_t done = 0;
  const auto each = in_batches(context.run(), test, [&](const Tensor& x) {
    context.progress(fmt::format("likelihood, {} draws: {} of {}", draws, done, test.size(0)));
    done += x.size(0);
    return -density.log_likelihood(x, generator, draws);
  });
  auto note = fmt::format("mean over {} test example{}, {}", each.size(0), each.size(0) == 1 ? "" : "s",
                          standard_error_of(each, 3));
  if (draws > 1) note += fmt::format(", {} importance-weighted draws each: an upper bound", draws);
  if (const auto how = density.how(); !how.empty()) note += "; " + how;
  const double mean = each.mean().item<double>();
  context.add(key, mean, note, {.examples = each.size(0), .draws = draws});
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
  context.add("bits-per-dimension", bits_per_dimension(best, shape.values()),
              fmt::format("for examples of {} values", shape.values()),
              {.examples = context.limited_test().size(0), .draws = draws});
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
