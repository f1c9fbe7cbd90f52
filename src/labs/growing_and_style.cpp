// Growing networks and styles: the algebra of fading in, of demodulation and of the deviation of a batch, to the last digit;
// and what it saves to compute R1 in every sixteenth step only.
#include <ATen/CPUGeneratorImpl.h>
#include <chrono>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/one_thread.h"
#include "nn/batch_statistics.h"
#include "nn/growing.h"
#include "nn/init.h"
#include "nn/style.h"
#include "objectives/penalties.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

double greatest(const Tensor& difference) {
  return difference.abs().max().item<double>();
}

// A level that fades in begins as the one before, and ends as itself.
void measure_fading(Lab& lab, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const auto growth = std::make_shared<nn::Growth>();
  const std::vector<std::int64_t> channels = {32, 24, 16};
  nn::GrowingGenerator make(16, channels, 3, /*normalise=*/true, growth);
  nn::GrowingDiscriminator judge(channels, 3, /*deviation=*/true, growth);
  nn::initialise(make, nn::Init::unit, generator);
  nn::initialise(judge, nn::Init::unit, generator);
  const auto latents = torch::randn({16, 16}, generator);
  const auto made = [&](std::size_t level, double share) {
    *growth = {level, share};
    return make.forward(latents);
  };
  const auto judged = [&](std::size_t level, double share, const Tensor& images) {
    *growth = {level, share};
    return judge.forward(images);
  };
  double in_generator = 0, in_discriminator = 0;
  std::vector<double> shares, from_before, from_newest;
  for (std::size_t level = 1; level < channels.size(); ++level) {
    const auto before = nn::doubled(made(level - 1, 1)), newest = made(level, 1);
    in_generator = std::max(in_generator, greatest(made(level, 0) - before));
    const auto side = nn::side_of_level(level);
    const auto images = torch::randn({16, 3, side, side}, generator);
    in_discriminator = std::max(
        in_discriminator, greatest(judged(level, 0, images) - judged(level - 1, 1, nn::halved(images))));
    if (level + 1 < channels.size()) continue;
    for (int i = 0; i <= 10; ++i) {
      const double share = i / 10.0;
      const auto mixed = made(level, share);
      shares.push_back(share);
      from_before.push_back((mixed - before).square().mean().sqrt().item<double>());
      from_newest.push_back((mixed - newest).square().mean().sqrt().item<double>());
    }
  }
  lab.measure("fade", in_generator);
  lab.measure("fade_discriminator", in_discriminator);
  lab.chart(
      "Fading in",
      "How far the generator's pictures are from those of the level before, enlarged, and from those of the "
      "new level alone. They pass from one to the other on a straight line, without a jump.",
      {{"share of the new level"},
       {"root mean square distance"},
       {{"from the level before", shares, from_before}, {"from the new level", shares, from_newest}}});
}

// One convolution with weights of its own for each image: the definition of demodulation.
Tensor with_own_weights(const Tensor& x, const Tensor& weight, const Tensor& style) {
  const auto n = x.size(0), o = weight.size(0), i = weight.size(1);
  auto weights = weight.unsqueeze(0) * style.view({n, 1, i, 1, 1});
  weights = weights * (weights.square().sum({2, 3, 4}, true) + 1e-8).rsqrt();
  return at::conv2d(x.reshape({1, n * i, x.size(2), x.size(3)}),
                    weights.reshape({n * o, i, weight.size(2), weight.size(3)}), {}, 1, weight.size(2) / 2, 1,
                    n)
      .view({n, o, x.size(2), x.size(3)});
}

void measure_styles(Lab& lab, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const auto x = torch::randn({8, 16, 64, 64}, generator), style = 3 * torch::rand({8, 16}, generator) + 0.1,
             weight = torch::randn({12, 16, 3, 3}, generator);
  const auto scaled = nn::modulated_convolution(x, weight, style, /*demodulate=*/true);
  lab.measure("demodulation", greatest(scaled - with_own_weights(x, weight, style)));
  const auto inner = [](const Tensor& y) {
    return y.slice(2, 1, 63).slice(3, 1, 63);
  };  // the border sees zeros
  lab.measure("unit", greatest(inner(scaled).std({0, 2, 3}, true) - 1));
  const auto plain = nn::modulated_convolution(x, weight, style, /*demodulate=*/false);
  const auto of_image = [&](const Tensor& y) { return inner(y).flatten(1).std(1); };
  LabTable table{{"style", "deviation without demodulation", "with it"}, {}};
  for (std::int64_t i = 0; i < 4; ++i) {
    table.rows.push_back({fmt::format("{:.2f} on average", style[i].mean().item<double>()),
                          fmt::format("{:.2f}", of_image(plain)[i].item<double>()),
                          fmt::format("{:.3f}", of_image(scaled)[i].item<double>())});
  }
  lab.table(
      "Demodulation",
      "The deviation of a convolution's outputs for four images. Without demodulation the style decides it.",
      std::move(table));

  const auto same = torch::randn({1, 8, 4, 4}, generator).expand({8, 8, 4, 4});
  lab.measure("deviation", greatest(nn::append_deviation_channel(same).select(1, 8)));
}

struct Penalised {
  std::vector<double> steps, norms;
  double seconds = 0;  // of a step
  double norm = 0;     // mean of the second half
};

// A GAN with R1 in every `every`-th step.
Penalised trained_with(Lab& lab, std::int64_t every) {
  const auto steps = lab.integer("steps");
  const auto recipe = Recipe::parse(
      "[model]\nname = \"dcgan\"\n", "lab growing-and-style",
      {fmt::format("model.width={}", lab.integer("width")), "model.discriminator_norm=none",
       fmt::format("model.r1={}", lab.number("r1")), fmt::format("model.penalty_every={}", every),
       fmt::format("train.batch={}", lab.integer("batch")), fmt::format("train.steps={}", steps),
       fmt::format("train.seed={}", lab.integer("seed"))});
  Session session(*recipe, glyph_digits(32, Split::train), torch::kCPU);
  Penalised run;
  const auto measured = std::max<std::int64_t>(1, steps / 40);
  double seconds = 0;
  while (!session.finished()) {
    const auto start = std::chrono::steady_clock::now();
    session.run_step();
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (session.step() % measured != 0) continue;
    lab.say(fmt::format("R1 in every step or every {}th: step {} of {}", every, session.step(), steps));
    const ModelState::Evaluation evaluation(session.state());
    const torch::AutoGradMode with_gradients(true);
    const auto judge = [&](const Tensor& x) { return session.state().model().scorer()->score(x); };
    const auto images = session.batches().head(64);
    run.steps.push_back(static_cast<double>(session.step()));
    run.norms.push_back(objectives::squared_gradient_norms(judge, images).sqrt().mean().item<double>());
  }
  run.seconds = seconds / static_cast<double>(steps);
  const auto half = run.norms.size() / 2;
  for (std::size_t i = half; i < run.norms.size(); ++i)
    run.norm += run.norms[i] / static_cast<double>(run.norms.size() - half);
  return run;
}

void measure_lazy_penalty(Lab& lab) {
  const auto every = lab.integer("every");
  const auto always = trained_with(lab, 1), lazily = trained_with(lab, every);
  lab.measure("norms", lazily.norm / always.norm);
  lab.measure("saved", 1 - lazily.seconds / always.seconds);
  const auto name = fmt::format("every {} steps", every);
  lab.chart("The slope of the discriminator",
            "Mean length of the gradient of its output at 64 digits of the training data.",
            {{"step"},
             {"length"},
             {{"R1 in every step", always.steps, always.norms}, {name, lazily.steps, lazily.norms}}});
  lab.table("The time of a step", "Of both players together, on one core.",
            {{"R1", "milliseconds"},
             {{"every step", fmt::format("{:.1f}", 1e3 * always.seconds)},
              {name, fmt::format("{:.1f}", 1e3 * lazily.seconds)}}});
}

}  // namespace

void growing_and_style(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  measure_fading(lab, generator);
  measure_styles(lab, generator);
  measure_lazy_penalty(lab);
}

}  // namespace belamy::labs
