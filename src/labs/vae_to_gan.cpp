// Blur as a number: the energy of the samples of a VAE, a VAE-GAN and a DCGAN at high frequencies, relative
// to the data's.
#include <cmath>
#include <numbers>

#include "belamy/recipe.h"

#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/perceptron.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Mean power of images [N, 1, S, S] at each pair of frequencies: [S, S], with the mean squared pixel times
// S^2 as sum. By matrix products, since a side is only 16 pixels.
Tensor spectrum(const Tensor& images) {
  const auto side = images.size(2);
  const auto k = torch::arange(side, torch::kFloat64);
  const auto angle = k.unsqueeze(1) * k * (2 * std::numbers::pi / static_cast<double>(side));
  const auto c = angle.cos(), s = angle.sin();
  const auto x = images.squeeze(1).to(torch::kFloat64);
  const auto real = at::matmul(at::matmul(c, x), c) - at::matmul(at::matmul(s, x), s);
  const auto imaginary = at::matmul(at::matmul(c, x), s) + at::matmul(at::matmul(s, x), c);
  return (real.square() + imaginary.square()).mean(0) / static_cast<double>(side * side);
}

// |f| of each entry of a spectrum, in cycles per pixel.
Tensor frequencies(std::int64_t side) {
  const auto k = torch::arange(side, torch::kFloat64);
  const auto f = at::minimum(k, static_cast<double>(side) - k) / static_cast<double>(side);
  return at::sqrt(f.square().unsqueeze(1) + f.square());
}

// Energy of an image above a quarter cycle per pixel, half of the greatest frequency along a row.
double high_energy(const Tensor& power) {
  return at::masked_select(power, frequencies(power.size(0)) > 0.25).sum().item<double>();
}

LabSeries curve_of(const std::string& name, const Tensor& power) {
  const auto side = power.size(0);
  const auto ring = (frequencies(side) * static_cast<double>(side)).round();
  LabSeries series{name, {}, {}};
  for (std::int64_t r = 0; r <= side / 2; ++r) {
    series.x.push_back(static_cast<double>(r) / static_cast<double>(side));
    series.y.push_back(at::masked_select(power, ring == static_cast<double>(r)).mean().item<double>());
  }
  return series;
}

std::unique_ptr<Recipe> spectrum_recipe(const Lab& lab, const std::string& model) {
  std::vector<std::string> settings = {fmt::format("train.steps={}", lab.integer("steps")),
                                       fmt::format("train.batch={}", lab.integer("batch")),
                                       fmt::format("train.seed={}", lab.integer("seed")),
                                       fmt::format("model.width={}", lab.integer("width"))};
  const auto code = lab.integer("code");
  if (model == "dcgan") {
    settings.push_back(fmt::format("model.latent={}", code));
    settings.push_back("optimizer.generator.average=0.99");
    return Recipe::parse("[model]\nname = \"dcgan\"\n", "the lab vae-to-gan", settings);
  }
  settings.push_back(fmt::format("model.code={}", code));
  if (model == "vae") {
    settings.push_back("model.network=convolutional");
  } else {
    settings.push_back(fmt::format("model.discriminator_width={}", lab.integer("width")));
    settings.push_back("optimizer.decoder.average=0.99");
  }
  return Recipe::parse("[model]\nname = \"" + model + "\"\n", "the lab vae-to-gan", settings);
}

// A check of the measurement: independent pixels have the same power at all frequencies.
double noise_error(at::Generator generator) {
  const auto power = spectrum(torch::randn({4000, 1, 16, 16}, generator));
  const auto share = (frequencies(16) > 0.25).to(torch::kFloat64).mean().item<double>();
  return std::abs(high_energy(power) / power.sum().item<double>() / share - 1);
}

}  // namespace

void vae_to_gan(Lab& lab) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  lab.measure("noise", noise_error(generator));
  const auto train = glyph_digits(16, Split::train), test = glyph_digits(16, Split::test);
  const auto images = to_model_range(data_tensor(test));
  const auto data = spectrum(images);
  lab.measure("floor", high_energy(spectrum(to_model_range(data_tensor(train)))) / high_energy(data));

  LabChart chart{{"frequency (cycles per pixel)"}, {"power", true}, {}, {}};
  chart.series.push_back(curve_of("data", data));
  LabTable table{{"model", "energy at high frequencies", "over the data's"}, {}};
  table.rows.push_back({"data", fmt::format("{:.2f}", high_energy(data)), "1"});
  std::map<std::string, double> ratios;
  lab.picture("Data", "Digits of the test set.", image_grid(images.narrow(0, 0, 40), 10));
  for (const std::string model : {"vae", "vae-gan", "dcgan"}) {
    lab.say("training " + model);
    const auto recipe = spectrum_recipe(lab, model);
    Session session(*recipe, train, torch::kCPU);
    while (!session.finished()) session.run_step();
    const ModelState::Evaluation evaluation(session.state());
    const auto samples = session.state().model().sampler()->sample({test.count, generator});
    const auto power = spectrum(samples);
    ratios[model] = high_energy(power) / high_energy(data);
    table.rows.push_back(
        {"`" + model + "`", fmt::format("{:.2f}", high_energy(power)), fmt::format("{:.3f}", ratios[model])});
    chart.series.push_back(curve_of(model, power));
    lab.picture("Samples of " + model, "", image_grid(samples.narrow(0, 0, 40), 10));
    if (auto* reconstructor = session.state().model().reconstructor()) {
      const auto some = images.narrow(0, 0, 10);
      lab.picture("Test digits and their reconstructions by " + model, "",
                  image_grid(at::cat({some, reconstructor->reconstruct(some)}), 10));
    }
  }
  const auto off = [&](const std::string& model) { return std::abs(std::log(ratios.at(model))); };
  lab.measure("vae", ratios.at("vae"));
  lab.measure("vae-gan", off("vae") - off("vae-gan"));
  lab.measure("dcgan", off("vae") - off("dcgan"));
  lab.table("Energy above a quarter cycle per pixel", "Mean over images, pixels from -1 to 1.",
            std::move(table));
  lab.chart("Power by frequency", "Mean over images and directions.", std::move(chart));
}

}  // namespace belamy::labs
