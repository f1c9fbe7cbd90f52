// Whether single dimensions of the codes stand for single known factors of the data.
#include "metrics/disentanglement.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/factors.h"
#include "evaluate/measure.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

// As many codes as disentanglement_lib takes, evenly spread over the data.
constexpr std::int64_t kFitted = 10000, kTested = 5000;

std::string of_each(const std::vector<std::string>& names, const std::vector<double>& values) {
  std::string text;
  for (std::size_t f = 0; f < names.size(); ++f)
    text += fmt::format("{}{} {:.3f}", f == 0 ? "" : ", ", names[f], values[f]);
  return text;
}

void take_disentanglement(EvaluationContext& context) {
  const auto known = known_factors(context.train(), context.test());
  const auto count = known.names.size();
  if (count < 2)
    throw data_error(
        fmt::format("'{}' has {} known, but disentanglement needs two: classes, styles, attributes",
                    context.test().name, counted(count, "factor")));
  context.progress("encoding the data");
  const auto take = [&](const Tensor& data, const Tensor& factors, std::int64_t most) {
    const auto rows = evenly_spread(std::min(most, data.size(0)), data.size(0));
    const auto codes = in_batches(context.run(), data.index_select(0, rows), [&](const Tensor& x) {
      return context.model().encoder()->encode(x).flatten(1);
    });
    return std::pair(codes, factors.index_select(0, rows));
  };
  const auto [codes, factors] = take(context.train_data(), known.train, kFitted);
  const auto [test_codes, test_factors] = take(context.test_data(), known.test, kTested);
  const auto dimensions = counted(codes.size(1), "dimension");
  const EvaluationContext::Basis tested{.examples = test_codes.size(0)};
  const EvaluationContext::Basis fitted{.samples = codes.size(0), .examples = test_codes.size(0)};

  context.progress("comparing codes with factors");
  const auto gap = information_gap(test_codes, test_factors);
  context.add("mig", gap.mean,
              fmt::format("mutual information gap of {}, 20 bins, {}: {}", dimensions,
                          counted(test_codes.size(0), "code"), of_each(known.names, gap.gaps)),
              tested);
  const auto separation = attribute_separation(codes, factors, test_codes, test_factors, known.ordered);
  context.add(
      "sap", separation.mean,
      "lead of the best dimension over the second, by squared correlation, for classes and styles by a "
      "linear support vector machine: " +
          of_each(known.names, separation.gaps),
      fitted);
  context.add("factor-vae-score", factor_vae_score(test_codes, test_factors, {.seed = context.seed()}),
              fmt::format("share of votes that are right; chance is {:.3f}", 1 / static_cast<double>(count)),
              tested);
  context.progress("fitting trees that predict factors from codes");
  const auto dci = dci_scores(codes, factors, test_codes, test_factors);
  context.add("dci-disentanglement", dci.disentanglement,
              "whether a dimension is important for one factor only, by boosted trees", fitted);
  context.add("dci-completeness", dci.completeness, "whether a factor needs one dimension only", fitted);
  context.add("dci-informativeness", dci.informativeness,
              "share of factors that the trees predict: " + of_each(known.names, dci.accuracy), fitted);
}

}  // namespace

namespace measures {

Measure disentanglement() {
  return {.key = "disentanglement",
          .text = "whether dimensions of the codes stand for known factors",
          .cost = "a minute",
          .needs = Capability::encoder,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::encoder) && !shape.attributes.empty() &&
                       shape.attributes.size() + (shape.classes > 1 ? 1 : 0) >= 2;
              },
          .take = take_disentanglement};
}

}  // namespace measures
}  // namespace belamy
