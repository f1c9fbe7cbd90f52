#include "use/stylize.h"

#include <ATen/CPUGeneratorImpl.h>
#include <memory>
#include <torch/autograd.h>
#include <torch/optim/adam.h>
#include <torch/optim/lbfgs.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "objectives/style.h"

namespace belamy {

namespace {

Tensor gray(const Tensor& images) {
  if (images.size(1) == 1) return images;
  const auto weights = torch::tensor({0.299, 0.587, 0.114}, images.options()).view({1, 3, 1, 1});
  return (images * weights).sum(1, true);
}

// Moves the image down the loss, in calls of `inner` steps.
class Descent {
 public:
  Descent(Tensor image, bool adam) : image_(std::move(image)) {
    if (adam) {
      optimizer_ =
          std::make_unique<torch::optim::Adam>(std::vector<Tensor>{image_}, torch::optim::AdamOptions(0.05));
    } else {
      optimizer_ = std::make_unique<torch::optim::LBFGS>(
          std::vector<Tensor>{image_},
          torch::optim::LBFGSOptions(1).max_iter(inner).history_size(10).line_search_fn("strong_wolfe"));
    }
    calls_ = adam ? inner : 1;  // a call of L-BFGS makes that many steps itself
  }

  static constexpr std::int64_t inner = 10;

  double run(const std::function<Tensor()>& loss_of) {
    Tensor loss;
    for (std::int64_t i = 0; i < calls_; ++i) {
      loss = optimizer_->step([&] {
        const auto value = loss_of();
        image_.mutable_grad() = torch::autograd::grad({value}, {image_})[0];
        return value;
      });
    }
    return loss.item<double>();
  }

 private:
  Tensor image_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::int64_t calls_;
};

}  // namespace

Tensor stylize(Featurizer& featurizer, const Tensor& content, const Tensor& style,
               const StylizeOptions& options, const std::function<void(double, double)>& progress) {
  const auto style_maps = featurizer.features(style);
  if (style_maps.size() < 2)
    throw usage_error("style transfer needs a network that sees images at two scales or more",
                      "use a run whose training images are larger, or a model with convolutions");
  const auto kept = style_maps.size() - 2;
  std::vector<Tensor> wanted;
  for (const auto& map : style_maps) wanted.push_back(objectives::gram(map).detach());
  Tensor content_map;
  if (content.defined()) content_map = featurizer.features(content)[kept].detach();

  // A run draws no gradients; this is one of the few calls that need them.
  const torch::AutoGradMode with_gradients(true);
  const auto start = [&] {
    if (content.defined()) return content.detach().clone();
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(options.seed));
    return (0.3 * torch::randn(style.sizes(), generator)).to(style.device());
  };
  auto image = start().requires_grad_();
  const auto loss_of = [&] {
    const auto maps = featurizer.features(image);
    const auto rows = image.slice(2, 1) - image.slice(2, 0, -1),
               columns = image.slice(3, 1) - image.slice(3, 0, -1);
    auto loss = options.smoothness * (rows.square().mean() + columns.square().mean());
    if (content_map.defined()) loss = loss + objectives::relative_distance(maps[kept], content_map);
    for (std::size_t i = 0; i < maps.size(); ++i) {
      loss = loss + options.style_weight / static_cast<double>(maps.size()) *
                        objectives::relative_distance(objectives::gram(maps[i]), wanted[i]);
    }
    return loss;
  };
  Descent descent(image, options.adam);
  for (std::int64_t done = 0; done < options.steps; done += Descent::inner) {
    const auto loss = descent.run(loss_of);
    if (progress)
      progress(static_cast<double>(done + Descent::inner) / static_cast<double>(options.steps), loss);
  }
  auto made = image.detach();
  if (options.keep_colours && content.defined()) made = content + gray(made) - gray(content);
  return made.clamp(-1, 1);
}

}  // namespace belamy
