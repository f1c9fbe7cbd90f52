// Autoregressive models: the chain rule on eight images, what masked networks see, and the leak of a wrong mask.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <string>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <utility>
#include <vector>

#include "belamy/options.h"

#include "data/canvas.h"
#include "data/dataset.h"
#include "labs/lab.h"
#include "labs/one_thread.h"
#include "nn/causal.h"
#include "nn/init.h"
#include "nn/masked_autoencoder.h"
#include "nn/pixel_network.h"
#include "objectives/likelihood.h"
#include "objectives/logistics.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"

namespace belamy::labs {
namespace {

using Network = std::function<Tensor(const Tensor&)>;  // [N, 1, H, W] -> [N, 1, H, W]

at::Generator generator_of(const Lab& lab) {
  return at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
}

// All images of `pixels` black or white pixels, the first pixel being the highest bit: [2^pixels, pixels].
Tensor all_images(std::int64_t pixels) {
  const auto numbers = torch::arange(std::int64_t{1} << pixels).unsqueeze(1);
  return numbers.bitwise_right_shift(torch::arange(pixels - 1, -1, -1)).bitwise_and(1).to(torch::kFloat);
}

// --- The chain rule ---

// The product of the factors of p [8] in an order of the three pixels, for every image.
Tensor by_chain_rule(const Tensor& p, const std::array<int, 3>& order) {
  const auto joint = p.view({2, 2, 2});
  auto product = torch::ones({2, 2, 2}, torch::kDouble);
  for (std::size_t place = 0; place < 3; ++place) {
    // p(first pixels of the order) with one pixel more over that without it.
    auto with = joint, without = joint;
    for (std::size_t later = place; later < 3; ++later) {
      if (later > place) with = with.sum(order[later], true);
      without = without.sum(order[later], true);
    }
    product = product * with / without;
  }
  return product.flatten();
}

double divergence_of(const Tensor& p, const Tensor& log_q) {
  return (p * (p.log() - log_q)).sum().item<double>();
}

double trained_divergence(const Lab& lab, const Tensor& p, std::vector<std::int64_t> hidden) {
  nn::MaskedAutoencoder network({.values = 3, .hidden = std::move(hidden)}, generator_of(lab));
  const auto x = all_images(3);
  const auto log_q = [&] { return objectives::bernoulli_log_likelihood(x, network.forward(x)); };
  torch::optim::Adam optimizer(network.parameters(), torch::optim::AdamOptions(0.02));
  const auto weights = p.to(torch::kFloat);
  for (std::int64_t i = 0; i < lab.integer("rule_steps"); ++i) {
    optimizer.zero_grad();
    const auto loss = -(weights * log_q()).sum();
    loss.backward();
    optimizer.step();
  }
  const torch::NoGradGuard no_grad;
  return divergence_of(p, log_q().to(torch::kDouble));
}

void measure_chain_rule(Lab& lab) {
  const auto p = torch::tensor({0.36, 0.04, 0.01, 0.09, 0.01, 0.09, 0.36, 0.04}, torch::kDouble);
  double worst = 0;
  std::array<int, 3> order = {0, 1, 2};
  do {
    worst = std::max(worst, (by_chain_rule(p, order) - p).abs().max().item<double>());
  } while (std::next_permutation(order.begin(), order.end()));
  lab.measure("orders", worst);

  const auto x = all_images(3).to(torch::kDouble);
  const auto means = (p.unsqueeze(1) * x).sum(0);
  const auto independent = (x * means.log() + (1 - x) * (-means).log1p()).sum(1);
  const double apart = divergence_of(p, independent);
  const double linear = trained_divergence(lab, p, {}), made = trained_divergence(lab, p, {16});
  lab.measure("independent", apart);
  lab.measure("linear", linear);
  lab.measure("made", made);
  lab.table("What a model of the eight images loses", "KL from the probabilities of the text, nats.",
            {{"factors", "KL", "what it cannot do"},
             {{"independent pixels", fmt::format("{:.4f}", apart), "any relation"},
              {"logistic regressions", fmt::format("{:.4f}", linear), "the exclusive or of the third factor"},
              {"MADE, 16 hidden units", fmt::format("{:.4f}", made), ""}}});
}

// --- What networks see ---

std::shared_ptr<nn::PixelNetwork> pixel_network(bool gated, std::int64_t blocks, at::Generator generator) {
  const auto network = nn::make_pixel_network(
      {.gated = gated, .width = 8, .blocks = blocks, .first_kernel = 3, .head = 8}, generator);
  const torch::NoGradGuard no_grad;
  for (auto& p : network->parameters()) {
    if (p.dim() == 1) p.copy_(0.3 * torch::randn(p.sizes(), generator));
  }
  return network;
}

// How strongly the output at a place [row, column] depends on each pixel: mean |gradient| over some images,
// [H, W].
Tensor influence(const Network& network, const Tensor& images, std::int64_t row, std::int64_t column) {
  const auto x = images.clone().requires_grad_();
  const auto y = network(x).select(3, column).select(2, row).sum();
  return torch::autograd::grad({y}, {x})[0].abs().mean(at::IntArrayRef{0, 1});
}

// Entries of the Jacobian at places that must not be seen.
std::int64_t leaks_of(const Network& network, const Tensor& images) {
  const auto height = images.size(2), width = images.size(3);
  std::int64_t leaks = 0;
  for (std::int64_t place = 0; place < height * width; ++place) {
    const auto seen = influence(network, images, place / width, place % width).flatten();
    leaks += (seen.narrow(0, place, height * width - place) != 0).sum().item<std::int64_t>();
  }
  return leaks;
}

Network as_network(const std::shared_ptr<nn::PixelNetwork>& network) {
  return [network](const Tensor& x) { return network->forward(x); };
}

constexpr Canvas::Colour kGround = {255, 255, 255}, kLater = {205, 210, 216}, kItself = {30, 30, 30},
                         kBlind = {230, 120, 40};

// Black: the output's place. Blue: pixels that it depends on. Orange: earlier pixels within reach that it does not
// see. Grey: later pixels.
Image field_picture(const std::vector<Tensor>& fields, std::int64_t layers) {
  constexpr int kCell = 14, kGap = 20;
  const auto side = static_cast<int>(fields[0].size(1)), rows = static_cast<int>(fields[0].size(0));
  const int width = side * kCell, count = static_cast<int>(fields.size());
  Canvas canvas(count * width + (count - 1) * kGap, rows * kCell, kGround);
  const auto row = fields[0].size(0) - 1, column = fields[0].size(1) / 2;
  for (int k = 0; k < count; ++k) {
    const auto& field = fields[static_cast<std::size_t>(k)];
    const double most = field.max().item<double>();
    for (int i = 0; i < rows; ++i) {
      for (int j = 0; j < side; ++j) {
        Canvas::Colour colour = {245, 246, 248};
        const double strength = field[i][j].item<double>();
        const bool later = i == row && j > column, near = std::abs(j - column) <= layers && row - i <= layers;
        if (later) colour = kLater;
        if (!later && near) colour = kBlind;
        if (strength > 0) {
          const double depth = 0.25 + 0.75 * std::pow(strength / most, 0.25);
          colour = {static_cast<int>(255 - 225 * depth), static_cast<int>(255 - 150 * depth),
                    static_cast<int>(255 - 40 * depth)};
        }
        if (i == row && j == column) colour = kItself;
        const double left = k * (width + kGap) + j * kCell, top = i * kCell;
        canvas.rectangle(left + 1, top + 1, left + kCell, top + kCell, colour);
      }
    }
  }
  return canvas.image();
}

void measure_fields(Lab& lab) {
  auto generator = generator_of(lab);
  const auto small = torch::rand({8, 1, 5, 6}, generator) * 2 - 1;
  std::int64_t leaks = 0;
  for (const bool gated : {false, true}) {
    leaks += leaks_of(as_network(pixel_network(gated, 2, generator)), small);
  }
  auto made = std::make_shared<nn::MaskedAutoencoder>(
      nn::MaskedAutoencoder::Shape{.values = 30, .hidden = {64, 64}}, generator);
  {
    const torch::NoGradGuard no_grad;
    for (auto& p : made->parameters()) p.copy_(0.3 * torch::randn(p.sizes(), generator));
  }
  leaks += leaks_of([&](const Tensor& x) { return made->forward(x.flatten(1)).view_as(x); }, small);
  lab.measure("leaks", static_cast<double>(leaks));

  const auto layers = lab.integer("layers");
  const auto height = layers + 2, width = 2 * layers + 5, row = height - 1, column = width / 2;
  const auto images = torch::rand({32, 1, height, width}, generator) * 2 - 1;
  std::vector<Tensor> fields;
  std::vector<std::int64_t> blind;
  for (const bool gated : {false, true}) {
    fields.push_back(influence(as_network(pixel_network(gated, layers - 1, generator)), images, row, column));
    std::int64_t missed = 0;
    for (std::int64_t i = row - layers; i <= row; ++i) {
      for (std::int64_t j = column - layers; j <= column + layers; ++j) {
        const bool earlier = i < row || j < column;
        if (earlier && fields.back()[i][j].item<float>() == 0) ++missed;
      }
    }
    blind.push_back(missed);
  }
  lab.measure("blind", static_cast<double>(blind[0]) / (0.5 * static_cast<double>(layers * (layers - 1))));
  lab.measure("gated_blind", static_cast<double>(blind[1]));
  lab.picture(
      fmt::format("What one output sees through {} layers: plain, gated", layers),
      "Black: the place of the output. Blue: pixels on which it depends, dark where strongly. Orange: "
      "the blind spot. Grey: later pixels, which it must not see.",
      field_picture(fields, layers));
}

// --- The leak ---

// A short PixelCNN whose first layer has the mask that is asked for.
struct MaskedStack : torch::nn::Module {
  MaskedStack(nn::Reach first_reach, std::int64_t width, at::Generator generator) {
    first = register_module("first", std::make_shared<nn::CausalConv>(1, width, 7, first_reach));
    for (int i = 0; i < 3; ++i) {
      convolutions.push_back(
          register_module("masked-" + std::to_string(i),
                          std::make_shared<nn::CausalConv>(width, width, 3, nn::Reach::until)));
    }
    last = register_module("last", std::make_shared<nn::Pointwise>(width, 1));
    nn::initialise(*this, nn::Init::he, generator);
  }
  Tensor forward(const Tensor& x) {
    auto y = torch::relu(first->forward(nn::channels_last(x)));
    for (const auto& convolution : convolutions) y = torch::relu(convolution->forward(y));
    return last->forward(y);
  }

  std::shared_ptr<nn::CausalConv> first;
  std::vector<std::shared_ptr<nn::CausalConv>> convolutions;
  std::shared_ptr<nn::Pointwise> last;
};

// Which outputs change when one pixel is turned over, enlarged by the caller: [1, 1, H, W] from -1 (none) to 1.
Tensor changes_of(MaskedStack& network, const Tensor& image, std::int64_t row, std::int64_t column) {
  const torch::NoGradGuard no_grad;
  auto turned = image.clone();
  turned.select(3, column).select(2, row).neg_();
  const auto change = (network.forward(turned) - network.forward(image)).abs();
  return (change != 0).to(torch::kFloat) * 2 - 1;
}

Tensor draw_images(MaskedStack& network, std::int64_t n, std::int64_t side, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  auto x = torch::full({n, 1, side, side}, -1.0f);
  for (std::int64_t i = 0; i < side; ++i) {
    for (std::int64_t j = 0; j < side; ++j) {
      // Nothing below row i matters.
      const auto p = network.forward(x.narrow(2, 0, i + 1)).select(3, j).select(2, i).sigmoid();
      x.select(3, j).select(2, i).copy_((torch::rand(p.sizes(), generator) < p).to(torch::kFloat) * 2 - 1);
    }
  }
  return x;
}

void measure_leak(Lab& lab) {
  constexpr std::int64_t kSide = 16, kShown = 16;
  auto generator = generator_of(lab);
  DataOptions options;
  options.size = kSide;
  const auto grey = to_model_range(data_tensor(load_dataset(options, Split::train)));
  const auto data = (grey > 0).to(torch::kFloat) * 2 - 1;
  LabChart chart{{.title = "step"}, {.title = "negative log-likelihood, nats", .logarithmic = true}, {}};
  std::vector<Tensor> changes, samples;
  std::vector<double> ends;
  double caught = 0;
  for (const auto reach : {nn::Reach::before, nn::Reach::until}) {
    const bool right = reach == nn::Reach::before;
    const std::string name = right ? "mask A in the first layer" : "mask B in the first layer";
    auto network = std::make_shared<MaskedStack>(reach, lab.integer("width"), generator_of(lab));
    const auto some = torch::rand({4, 1, 7, 7}, generator) * 2 - 1;
    if (!right) {
      const auto own = [&](std::int64_t i) {
        const Network f = [&](const Tensor& x) { return network->forward(x); };
        return influence(f, some, i / 7, i % 7)[i / 7][i % 7].item<float>() != 0;
      };
      for (std::int64_t i = 0; i < 49; ++i) caught += own(i) ? 1.0 / 49 : 0;
    }
    torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(2e-3));
    LabSeries line{name, {}, {}};
    double recent = 0;
    const auto steps = lab.integer("steps"), part = std::max<std::int64_t>(1, steps / 30);
    for (std::int64_t step = 1; step <= steps; ++step) {
      const auto x =
          data.index_select(0, torch::randint(data.size(0), {lab.integer("batch")}, generator, torch::kLong));
      const auto loss =
          -objectives::bernoulli_log_likelihood((x + 1) * 0.5, network->forward(x).contiguous()).mean();
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      recent += loss.item<double>() / static_cast<double>(part);
      if (step % part != 0) continue;
      line.x.push_back(static_cast<double>(step));
      line.y.push_back(recent);
      recent = 0;
      lab.say(fmt::format("{}: step {} of {}", name, step, steps));
    }
    ends.push_back(line.y.back());
    chart.series.push_back(line);
    changes.push_back(changes_of(*network, data.narrow(0, 0, 1), kSide / 2, kSide / 2));
    samples.push_back(draw_images(*network, kShown, kSide, generator));
  }
  const auto ink = [](const Tensor& x) { return (x > 0).to(torch::kFloat).mean().item<double>(); };
  lab.measure("caught", caught);
  lab.measure("too_good", ends[1] / ends[0]);
  lab.measure("ink", ink(samples[0]) / ink(data));
  auto turned = torch::full({1, 1, kSide, kSide}, -1.0f);
  turned.select(3, kSide / 2).select(2, kSide / 2).fill_(1);
  lab.picture(
      "The causality test",
      "White on the left: the pixel that is turned over. In the middle and on the right: the outputs that change, "
      "with mask A and with mask B in the first layer. With mask A the pixel's own output must not change.",
      image_grid(at::cat({turned, changes[0], changes[1]}), 3));
  lab.chart("Too good to be true", "The network with the leak reads every pixel before it predicts it.",
            chart);
  lab.picture(
      "Data, samples with mask A, samples with mask B",
      "Rows one and two: data; three and four: the right network; five and six: the one with the leak.",
      image_grid(at::cat({data.narrow(0, 0, kShown), samples[0], samples[1]}), kShown / 2));
}

// --- Sums and samplers ---

void measure_sums(Lab& lab) {
  const torch::NoGradGuard no_grad;
  auto generator = generator_of(lab);
  const auto images = all_images(6);
  double worst = 0;
  const auto sum = [&](const Tensor& logits) {
    const auto p = objectives::bernoulli_log_likelihood(images, logits.flatten(1)).to(torch::kDouble).exp();
    worst = std::max(worst, std::abs(p.sum().item<double>() - 1));
  };
  for (const bool gated : {false, true}) {
    sum(pixel_network(gated, 2, generator)->forward(images.view({64, 1, 2, 3}) * 2 - 1).contiguous());
  }
  nn::MaskedAutoencoder made({.values = 6, .hidden = {32, 32}, .shuffled = true}, generator);
  for (auto& p : made.parameters()) p.copy_(torch::randn(p.sizes(), generator));
  sum(made.forward(images));
  lab.measure("sum", worst);

  constexpr std::int64_t kMixtures = 1000, kComponents = 5, kLevels = 256;
  auto raw = torch::randn({kMixtures, objectives::logistics_size(1, kComponents)}, generator);
  raw.narrow(1, 2 * kComponents, kComponents).mul_(3).sub_(3);  // from far sharper than a level to flat
  const auto levels = torch::linspace(-1, 1, kLevels).repeat({kMixtures}).view({-1, 1, 1, 1});
  const auto rows = raw.repeat_interleave(kLevels, 0).unsqueeze(2).unsqueeze(3);
  const auto p = objectives::logistics_log_likelihood(levels, rows, kComponents).to(torch::kDouble).exp();
  lab.measure("bins", (p.view({kMixtures, kLevels}).sum(1) - 1).abs().max().item<double>());
}

void measure_samplers(Lab& lab) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t kSide = 28;
  const auto n = lab.integer("images");
  auto generator = generator_of(lab);
  const auto x = (torch::rand({n, 1, kSide, kSide}, generator) < 0.5).to(torch::kFloat) * 2 - 1;
  const auto seconds = [](const auto& action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  LabTable table{{"network", "one whole pass", "784 passes", "with the cache", "times faster"}, {}};
  double agree = 0, least = 1e9;
  for (const bool gated : {false, true}) {
    const auto network =
        nn::make_pixel_network({.gated = gated, .width = 16, .blocks = 7, .head = 64}, generator);
    Tensor whole;
    network->forward(x);
    constexpr int kTimed = 4;
    const double pass = seconds([&] {
                          for (int i = 0; i < kTimed; ++i) whole = network->forward(x);
                        }) /
                        kTimed;
    const double cached = seconds([&] {
      const auto walk = network->walk(n, kSide);
      for (std::int64_t i = 0; i < kSide; ++i) {
        walk->begin_row();
        for (std::int64_t j = 0; j < kSide; ++j) {
          const auto got = walk->at(j);
          agree = std::max(agree, (got - whole.select(3, j).select(2, i)).abs().max().item<double>());
          walk->put(j, x.select(3, j).select(2, i));
        }
      }
    });
    const double passes = pass * kSide * kSide;
    least = std::min(least, passes / cached);
    table.rows.push_back({gated ? "gated" : "plain", fmt::format("{:.3f} s", pass),
                          fmt::format("{:.0f} s", passes), fmt::format("{:.2f} s", cached),
                          fmt::format("{:.0f}", passes / cached)});
  }
  lab.measure("agree", agree);
  lab.measure("faster", least);
  lab.table(
      "The price of a sample",
      fmt::format("{} images of 28x28, width 16, 7 blocks, one thread. The time of 784 passes is that of one "
                  "times 784.",
                  n),
      table);
}

}  // namespace

void autoregressive(Lab& lab) {
  const OneThread one_thread;
  measure_chain_rule(lab);
  measure_sums(lab);
  measure_fields(lab);
  measure_leak(lab);
  measure_samplers(lab);
}

}  // namespace belamy::labs
