// A linear autoencoder against the principal components of the same images: the error, the plane, the axes;
// then the gain from nonlinear layers. The autoencoders are the library's.
#include <cmath>
#include <fmt/format.h>

#include "belamy/recipe.h"

#include "core/text.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/one_thread.h"
#include "metrics/principal.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Pixels in [0, 1], [N, D].
Tensor rows_of(const Dataset& data) {
  return data_tensor(data).flatten(1).to(torch::kFloat) / 255;
}

double error_of(const Tensor& made, const Tensor& rows) {
  return (made - rows).square().sum(1).mean().item<double>();
}

Tensor reconstructions(Session& session, const Tensor& rows) {
  const ModelState::Evaluation evaluation(session.state());
  const auto shape = session.state().shape();
  std::vector<Tensor> parts;
  for (const auto& part : (rows * 2 - 1).split(2000)) {
    const auto batch = part.view(shape.sizes(part.size(0)));
    parts.push_back(session.state().model().reconstructor()->reconstruct(batch).flatten(1));
  }
  return (at::cat(parts) + 1) / 2;
}

// [K, D]: the images of the code's units.
Tensor painted(Session& session) {
  return session.state().model().named_parameters()["decoder.0.weight"].detach().t().clone();
}

// Signed pictures, each with its own contrast; zero is grey.
Tensor signed_pictures(const Tensor& rows, const DataShape& shape) {
  const auto largest = std::get<0>(rows.abs().max(1, true)).clamp_min(1e-12);
  return (rows / largest).to(torch::kFloat).view(shape.sizes(rows.size(0)));
}

}  // namespace

void linear_ae_is_pca(Lab& lab) {
  const OneThread one_thread;
  DataOptions options;
  options.source = at_hand(lab.text("data"));
  if (options.source == "glyphs") options.size = 16;
  const auto train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
  const auto rows = rows_of(train), unseen = rows_of(test);
  const auto k = lab.integer("code");

  lab.say("principal components of " + train.name);
  const auto components = principal_components(rows, k);
  const auto by_components = project(unseen, components);
  const double known = error_of(by_components, unseen);
  const double lost = components.variances.slice(0, k).sum().item<double>();
  double error = 0;
  for (const auto& part : rows.split(8192)) {  // all in double precision would take much memory
    error += error_of(project(part, components), part) * static_cast<double>(part.size(0));
  }
  lab.measure("eigenvalues", std::abs(error / static_cast<double>(rows.size(0)) / lost - 1));
  if (options.source == "mnist" && k == 30) {
    lab.measure("published", known);
  } else {
    lab.skip("published");
  }

  const auto steps = lab.integer("steps");
  const auto settings = [&](const std::vector<std::string>& own) {
    std::vector<std::string> all = {
        fmt::format("model.code={}", k), fmt::format("train.batch={}", lab.integer("batch")),
        fmt::format("train.seed={}", lab.integer("seed")), "optimizer.autoencoder.schedule=cosine"};
    all.insert(all.end(), own.begin(), own.end());
    return Recipe::parse("[model]\nname = \"autoencoder\"\n", "the lab", all);
  };
  // The rate follows from the greatest curvature, which grows with the first eigenvalue; the clip is for the
  // start, when all units grow together.
  const double largest = components.variances[0].item<double>();
  const auto linear_recipe = settings(
      {"model.hidden=[]", "model.output=linear", "model.centre=true", fmt::format("train.steps={}", steps),
       fmt::format("optimizer.autoencoder.lr={}", lab.number("rate") / largest),
       "optimizer.autoencoder.optimizer=sgd", "optimizer.autoencoder.warmup=100",
       "optimizer.autoencoder.clip=1",
       fmt::format("optimizer.autoencoder.beta1={}", lab.number("momentum"))});
  Session linear(*linear_recipe, train, torch::kCPU);
  LabSeries angle{"largest principal angle (degrees)", {}, {}};
  LabSeries above{"test error above that of the components (%)", {}, {}};
  const auto look = [&] {
    angle.x.push_back(static_cast<double>(linear.step()));
    angle.y.push_back(largest_principal_angle(painted(linear), components.axes));
    above.x.push_back(angle.x.back());
    above.y.push_back(100 * (error_of(reconstructions(linear, unseen), unseen) / known - 1));
  };
  const auto every = std::max<std::int64_t>(steps / 20, 10);
  while (!linear.finished()) {
    linear.run_step();
    if (linear.step() % every == 0) {
      lab.say(fmt::format("linear autoencoder, step {} of {}", linear.step(), steps));
      look();
    }
  }
  if (steps % every != 0) look();
  lab.measure("error", 1 + above.y.back() / 100);
  lab.measure("angle", angle.y.back());

  lab.say("autoencoder with a hidden layer");
  const auto deep_recipe =
      settings({fmt::format("model.hidden=[{}]", lab.integer("hidden")), "model.activation=gelu",
                fmt::format("train.steps={}", lab.integer("deep_steps")), "optimizer.autoencoder.lr=2e-3"});
  Session deep(*deep_recipe, train, torch::kCPU);
  while (!deep.finished()) deep.run_step();
  const auto by_linear = reconstructions(linear, unseen), by_deep = reconstructions(deep, unseen);
  lab.measure("deep", error_of(by_deep, unseen) / known);

  // Each unit's picture against the most similar axis.
  const auto units = painted(linear).to(torch::kFloat64);
  const auto cosines = at::mm(units / units.norm(2, 1, true), components.axes.t()).abs();
  lab.measure("axes", std::get<0>(cosines.max(1)).mean().item<double>());

  lab.table("Squared error on the test images, summed over pixels in [0, 1]",
            fmt::format("`{}`, codes of {}.", options.source, counted(k, "number")),
            {{"", "error"},
             {{"mean image", fmt::format("{:.3f}", error_of(components.mean.expand_as(unseen), unseen))},
              {"principal components", fmt::format("{:.3f}", known)},
              {"linear autoencoder", fmt::format("{:.3f}", error_of(by_linear, unseen))},
              {"autoencoder with " + counted(lab.integer("hidden"), "hidden unit"),
               fmt::format("{:.3f}", error_of(by_deep, unseen))}}});
  lab.chart(
      "The linear autoencoder finds the plane",
      "The error comes close long before the plane does: the last axes carry almost the same variance as the "
      "first ones that are left out, so that rotating one into the other costs little.",
      {{"training step"}, {"degrees, per cent", true}, {angle, above}});
  LabSeries spectrum{"variance along the axis", {}, {}, LabSeries::Style::points};
  for (std::int64_t i = 0; i < std::min<std::int64_t>(2 * k, components.variances.size(0)); ++i) {
    spectrum.x.push_back(static_cast<double>(i + 1));
    spectrum.y.push_back(components.variances[i].item<double>());
  }
  lab.chart("Eigenvalues of the covariance", "", {{"principal axis"}, {"variance", true}, {spectrum}});
  const auto shape = shape_of(train);
  const auto shown = std::min<std::int64_t>(10, k);
  lab.picture("Axes and units",
              "Upper row: the first principal axes. Lower row: the images of the first units of the linear "
              "autoencoder's code. They span the same plane, but each unit is a mixture of axes.",
              image_grid(at::cat({signed_pictures(components.axes.narrow(0, 0, shown), shape),
                                  signed_pictures(units.narrow(0, 0, shown), shape)}),
                         shown));
  const auto pictures = [&](const Tensor& made) {
    return (made.narrow(0, 0, 10).to(torch::kFloat).clamp(0, 1) * 2 - 1).view(shape.sizes(10));
  };
  lab.picture(
      "Reconstructed test images",
      "From above: originals, principal components, linear autoencoder, autoencoder with a hidden layer.",
      image_grid(at::cat({pictures(unseen), pictures(by_components), pictures(by_linear), pictures(by_deep)}),
                 10));
}

}  // namespace belamy::labs
