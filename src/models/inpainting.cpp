// Inpainting with a global and a patch discriminator: Demir & Unal 2018 (arXiv:1803.07422).
//
//   G sees an image x whose hole is gray, and the mask m (1: known). Its output fills the hole only:
//
//     y = m x + (1 - m) G(m x, m)
//
//     generator      descends  pixel_weight E|x - y|_1 over the hole - adversarial_weight E log D(y)
//     discriminator  descends  -E log D(x) - E log(1 - D(y))
//
//   D has two heads on shared layers: one judges the whole image, one each patch. Their verdicts count equally.
//   G: two halvings, residual blocks whose convolutions have gaps of growing width, so that a pixel in the middle of the
//   hole sees its border, and enlargement by interpolation, each followed by a convolution.
//
// Departures: the masks of a step are drawn from boxes, free strokes (Yu et al. 2019) and the middle of the image; the
// loss of pixels is a mean over the hole, not over the image; the objective is a setting.

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/translation_networks.h"
#include "nn/holes.h"
#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

using Names = std::vector<std::string>;

struct InpaintingConfig : TranslationConfig {
  std::vector<std::int64_t> dilations = {1, 2, 4, 8};
  std::string holes = "mixed", heads = "both";
  double pixel_weight = 1;

  InpaintingConfig() {
    objective = "non-saturating";
    adversarial_weight = 0.005;
  }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add("dilations", dilations, {1, 64},
          "gaps between the pixels of a convolution, one for each residual block");
    f.add("holes", holes, Names{"mixed", "centre", "boxes", "strokes"},
          "holes in training: in the middle, boxes anywhere, strokes of a pen, or all of them in turn");
    f.add("heads", heads, Names{"both", "global", "patch"},
          "what the discriminator judges: the whole image, patches, or both");
    f.add("pixel_weight", pixel_weight, {0, 1e6}, "weight of the mean absolute difference in the hole");
  }
};

// Shared features -> verdicts [N, 1 or 2, h, w]: patches, and the whole image with the same verdict at all places.
class Heads : public torch::nn::Module {
 public:
  Heads(std::int64_t channels, std::int64_t height, std::int64_t width, const InpaintingConfig& config) {
    const auto weighting = weighting_of(config);
    if (config.heads != "global") {
      patch_ = register_module("patch", std::make_shared<nn::Conv>(channels, 1, 3, 1, 1, true, weighting));
    }
    if (config.heads != "patch") {
      global_ = register_module("global", std::make_shared<nn::Chain>());
      global_->add(std::make_shared<nn::Conv>(channels, channels, 3, 2, 1, true, weighting))
          .add(nn::activation("leaky-relu"))
          .add([](const Tensor& x) { return x.flatten(1); })
          .add(std::make_shared<nn::Dense>(channels * ((height + 1) / 2) * ((width + 1) / 2), 1, weighting));
    }
  }
  Tensor forward(const Tensor& x) const {
    if (!global_) return patch_->forward(x).to(torch::kFloat);
    const auto whole = global_->forward(x).view({-1, 1, 1, 1});
    if (!patch_) return whole;
    const auto patches = patch_->forward(x).to(torch::kFloat);
    return at::cat({patches, whole.expand_as(patches)}, 1);
  }

 private:
  std::shared_ptr<nn::Conv> patch_;
  std::shared_ptr<nn::Chain> global_;
};

class Inpainting final : public Model, public Completer {
 public:
  Inpainting(const DataShape& shape, const InpaintingConfig& config, at::Generator generator)
      : config_(config) {
    generator_ = register_module("generator", std::make_shared<nn::Chain>());
    build(shape, generator);
    discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
    build_discriminator(shape, generator);
    game_ = std::make_unique<Game>(
        *this, config,
        GameSetup{.discriminator = discriminator_, .sizes = {1, shape.channels, shape.height, shape.width}});
    add_player("generator", {generator_});
    add_player("discriminator", {discriminator_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& images = batch.data;
    const auto known = draw_known(images, context);
    const auto made = fill(images, known);
    const auto difference = (made - images).abs() * (1 - known);
    const auto pixels =
        difference.sum() / ((1 - known).sum() * static_cast<double>(images.size(1))).clamp_min(1);
    context.record("loss/pixels", pixels);
    auto loss = config_.pixel_weight * pixels;
    if (config_.adversarial_weight > 0) {
      const auto whole = known * images + (1 - known) * made;
      game_->learn({.real = images}, whole.detach(), context);
      loss = loss + game_->generator_loss(whole, images, context);
    }
    context.update("generator", loss);
  }

  Completer* completer() override { return this; }
  Tensor complete(const Tensor& images, const Tensor& known, const SampleRequest& request) override {
    const auto made = fill(images, known.to(images.dtype())).clamp(-1, 1);
    request.report(1, 1);
    return at::where(known > 0.5, images, made);
  }

 private:
  Tensor fill(const Tensor& images, const Tensor& known) const {
    return generator_->forward(at::cat({images * known, known}, 1));
  }

  // [N, 1, H, W]
  Tensor draw_known(const Tensor& images, StepContext& context) const {
    const auto n = images.size(0), height = images.size(2), width = images.size(3);
    auto generator = context.generator();
    const auto centre = [&] {
      return nn::centre_known(height, width).to(images.device()).expand({n, 1, -1, -1});
    };
    if (config_.holes == "centre") return centre();
    if (config_.holes == "boxes") return nn::boxes_known(n, height, width, generator);
    if (config_.holes == "strokes") return nn::strokes_known(n, height, width, generator);
    const auto kind = context.uniform({n, 1, 1, 1}, 0, 3);
    return at::where(kind < 1, centre(),
                     at::where(kind < 2, nn::boxes_known(n, height, width, generator),
                               nn::strokes_known(n, height, width, generator)));
  }

  void build(const DataShape& shape, at::Generator generator) {
    auto& chain = *generator_;
    const auto norm = config_.norm;
    add_halvings(chain, shape.channels + 1, config_.width, norm);
    for (const auto dilation : config_.dilations)
      add_residual_blocks(chain, 4 * config_.width, 1, norm, dilation);
    for (const auto out : {2 * config_.width, config_.width}) {
      chain.add([](const Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); });
      chain.add(std::make_shared<nn::Conv>(2 * out, out, 3, 1, 1, false));
      chain.add(std::make_shared<nn::Norm>(norm, out));
      chain.add(nn::activation("relu"));
    }
    chain.add(std::make_shared<nn::Conv>(config_.width, shape.channels, 7, 1, 3, true));
    chain.add(nn::activation("tanh"));
    chain.add([height = shape.height, width = shape.width](const Tensor& x) {
      const auto top = (x.size(2) - height) / 2, left = (x.size(3) - width) / 2;
      return x.slice(2, top, top + height).slice(3, left, left + width);
    });
    nn::initialise(chain, nn::Init::dcgan, generator);
  }

  void build_discriminator(const DataShape& shape, at::Generator generator) {
    const auto width = config_.discriminator_width ? config_.discriminator_width : config_.width;
    const auto side = std::min(shape.height, shape.width);
    const auto room = std::bit_width(static_cast<std::uint64_t>(side)) - 3;  // 4 pixels are left
    const auto layers = std::min<std::int64_t>(config_.discriminator_layers, room);
    auto in = shape.channels, high = shape.height, wide = shape.width;
    for (std::int64_t i = 0; i < layers; ++i) {
      const auto out = width * std::min<std::int64_t>(8, std::int64_t{1} << i);
      discriminator_->add(
          std::make_shared<nn::Conv>(in, out, 4, 2, 1, /*bias=*/i == 0, weighting_of(config_)));
      if (i > 0) discriminator_->add(std::make_shared<nn::Norm>(config_.norm, out));
      discriminator_->add(nn::activation("leaky-relu"));
      in = out;
      high /= 2;
      wide /= 2;
    }
    discriminator_->add(std::make_shared<Heads>(in, high, wide, config_));
    nn::initialise(*discriminator_, nn::Init::dcgan, generator);
  }

  InpaintingConfig config_;
  std::shared_ptr<nn::Chain> generator_, discriminator_;
  std::unique_ptr<Game> game_;
};

Fault check_inpainting(const DataShape&, const Recipe& recipe) {
  const auto& settings = config_of<InpaintingConfig>(recipe);
  if (settings.adversarial_weight == 0 && settings.pixel_weight == 0)
    return {"the generator's loss has no term", {"model.pixel_weight=1"}};
  if (settings.dilations.empty()) return {"it needs a residual block", {"model.dilations=[1]"}};
  return check_translation(settings);
}

}  // namespace

ModelInfo inpainting() {
  return describe<Inpainting, InpaintingConfig>({
      .name = "inpainting",
      .family = "translation",
      .summary = "fills holes in images, judged by a discriminator of the whole image and of patches",
      .paper = "Demir & Unal, Patch-Based Image Inpainting with Generative Adversarial Networks, 2018",
      .capabilities = {Capability::completer},
      .players = {{"generator", {.lr = 2e-4, .beta1 = 0.5}}, {"discriminator", {.lr = 2e-4, .beta1 = 0.5}}},
      .sides = translation_sides,
      .check = check_inpainting,
      .tiny = {"model.width=4", "model.discriminator_layers=1", "model.dilations=[1,2]"},
      .variants = regulariser_variants(
          {"model.adversarial_weight=0", "model.augment=fixed", "model.norm=batch", "model.holes=centre",
           "model.holes=boxes", "model.holes=strokes", "model.heads=global", "model.heads=patch",
           "model.objective=least-squares", "model.spectral_norm=true", "model.feature_matching=1"}),
  });
}

}  // namespace belamy::models
