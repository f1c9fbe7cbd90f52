// Style transfer: Gatys, Ecker & Bethge 2016. What is lost and what is kept of two pictures, and which optimiser finds it.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/random.h"
#include "data/canvas.h"
#include "data/weights.h"
#include "labs/lab.h"
#include "nn/trained_featurizer.h"
#include "objectives/style.h"
#include "pictures/grids.h"
#include "tensors/image_tensors.h"
#include "use/stylize.h"

namespace belamy::labs {
namespace {

// A house under the sun: plain areas and clear edges.
Image house(int size) {
  const double s = size / 128.0;
  Canvas canvas(size, size, {150, 200, 235});
  canvas.rectangle(0, 88 * s, size, size, {95, 150, 75});
  canvas.disc(100 * s, 26 * s, 14 * s, {250, 220, 90});
  canvas.rectangle(30 * s, 56 * s, 82 * s, 104 * s, {205, 120, 90});
  for (double y = 30 * s; y < 57 * s; y += 0.5) {
    const double half = (y - 30 * s) * 34 / 27;
    canvas.rectangle(56 * s - half, y, 56 * s + half, y + 1, {120, 60, 50});
  }
  canvas.rectangle(48 * s, 78 * s, 63 * s, 104 * s, {80, 50, 40});
  for (const double x : {36.0, 68.0}) canvas.rectangle(x * s, 66 * s, (x + 9) * s, 75 * s, {235, 240, 250});
  canvas.rectangle(98 * s, 70 * s, 104 * s, 104 * s, {90, 60, 40});
  canvas.disc(101 * s, 64 * s, 15 * s, {50, 110, 60});
  return canvas.image();
}

// Short curved strokes in warm and dark colours, one over the other.
Image strokes(int size, std::uint64_t seed) {
  constexpr Canvas::Colour colours[] = {
      {30, 40, 90}, {60, 90, 160}, {235, 190, 70}, {210, 120, 40}, {240, 235, 200}};
  const double s = size / 128.0;
  Canvas canvas(size, size, {40, 50, 100});
  Random random(seed);
  for (int i = 0; i < 900; ++i) {
    double x = random.uniform(-10, 138) * s, y = random.uniform(-10, 138) * s;
    const auto colour = colours[random.below(5)];
    for (int k = 0; k < 6; ++k) {
      const double angle = 2.2 * std::sin(x / (26 * s)) + 1.7 * std::cos(y / (21 * s));
      const double to_x = x + 3 * s * std::cos(angle), to_y = y + 3 * s * std::sin(angle);
      canvas.line(x, y, to_x, to_y, 2.2 * s, colour, 0.9);
      x = to_x;
      y = to_y;
    }
  }
  return canvas.image();
}

Tensor picture_of(const Image& image) {
  return to_model_range(image_tensor(image).unsqueeze(0));
}

// The losses of an image, each as a share of what a black map would have.
class Losses {
 public:
  Losses(Featurizer& featurizer, const Tensor& content, const Tensor& style) : featurizer_(featurizer) {
    const torch::NoGradGuard no_grad;
    for (const auto& map : featurizer.features(style)) grams_.push_back(objectives::gram(map));
    content_ = featurizer.features(content)[grams_.size() - 2];
  }
  double style(const Tensor& image) const {
    const torch::NoGradGuard no_grad;
    const auto maps = featurizer_.features(image);
    double sum = 0;
    for (std::size_t i = 0; i < maps.size(); ++i)
      sum += objectives::relative_distance(objectives::gram(maps[i]), grams_[i]).item<double>();
    return sum / static_cast<double>(maps.size());
  }
  double content(const Tensor& image) const {
    const torch::NoGradGuard no_grad;
    return objectives::relative_distance(featurizer_.features(image)[grams_.size() - 2], content_)
        .item<double>();
  }

 private:
  Featurizer& featurizer_;
  std::vector<Tensor> grams_;
  Tensor content_;
};

// The same pixels in random order.
Tensor shuffled(const Tensor& image, at::Generator generator) {
  const auto order = torch::randperm(image.size(2) * image.size(3), generator, torch::kLong);
  return image.flatten(2).index_select(2, order).view(image.sizes());
}

struct Course {
  Tensor made;
  std::vector<double> steps, losses;
};

}  // namespace

void style_transfer(Lab& lab) {
  const auto& weights = lab.text("weights");
  const auto names = weights_names();
  if (std::find(names.begin(), names.end(), weights) == names.end()) {
    for (const auto& claim : lab.sheet().claims) lab.skip(claim.key);
    lab.say(fmt::format("the weights {} are not on this machine: see 'belamy weights list'", weights));
    return;
  }
  const auto eye = vgg16_featurizer(weights, torch::kCPU);
  const auto size = static_cast<int>(lab.integer("size"));
  const auto seed = static_cast<std::uint64_t>(lab.integer("seed"));
  const auto content = picture_of(house(size)), style = picture_of(strokes(size, seed));
  const Losses losses(*eye, content, style);
  const auto course = [&](const std::string& what, const Tensor& from, bool adam) {
    Course run;
    const auto steps = lab.integer("steps");
    StylizeOptions options{.style_weight = lab.number("style_weight"), .steps = steps, .adam = adam};
    options.seed = lab.integer("seed");
    run.made = stylize(*eye, from, style, options, [&](double done, double loss) {
      lab.say(fmt::format("{}: {:.0f} %", what, 100 * done));
      run.steps.push_back(done * static_cast<double>(steps));
      run.losses.push_back(loss);
    });
    return run;
  };
  const auto lbfgs = course("L-BFGS", content, false), adam = course("Adam", content, true),
             texture = course("texture", {}, false);

  const auto mixed = shuffled(content, at::make_generator<at::CPUGeneratorImpl>(seed));
  lab.measure("style", losses.style(content) / losses.style(lbfgs.made));
  lab.measure("content", losses.content(lbfgs.made) / losses.content(mixed));
  lab.measure("optimiser", lbfgs.losses.back() / adam.losses.back());
  lab.measure("texture", losses.style(texture.made) / losses.style(content));
  lab.measure("no_content", losses.content(texture.made) / losses.content(mixed));

  lab.picture(
      "Content, style, both, texture alone",
      "The content, the style, the content in that style, and a texture: the style's statistics from noise.",
      image_grid(at::cat({content, style, lbfgs.made, texture.made}), 4));
  lab.chart(
      "The loss", "Of both terms together. A step of L-BFGS may look at the picture more than once.",
      {{"step"}, {"loss", true}, {{"L-BFGS", lbfgs.steps, lbfgs.losses}, {"Adam", adam.steps, adam.losses}}});
  const auto row = [&](const std::string& name, const Tensor& image) {
    return std::vector<std::string>{name, fmt::format("{:.4f}", losses.style(image)),
                                    fmt::format("{:.4f}", losses.content(image))};
  };
  lab.table(
      "The two losses", "Each as a share of what a black map would have.",
      {{"picture", "style", "content"},
       {row("the content", content), row("the style", style), row("the content in that style", lbfgs.made),
        row("the texture", texture.made), row("the content's pixels, shuffled", mixed)}});
}

}  // namespace belamy::labs
