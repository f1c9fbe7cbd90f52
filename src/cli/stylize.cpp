// The verb `stylize`: draws one picture in another's style.
#include "use/stylize.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "nn/trained_featurizer.h"
#include "pictures/grids.h"
#include "tensors/image_tensors.h"
#include "train/machine.h"

namespace belamy::cli {
namespace {

struct StylizeRequest {
  RunRequest run;
  std::string features;  // weights to use instead of a run
  std::string content, style, out = "stylized.png";
  std::int64_t size = 0;
  bool texture = false;
  StylizeOptions options;
};

// [1, C, H, W] in [-1, 1], the longer side `size` pixels (0: as it is).
Tensor read_image(const std::string& path, std::int64_t size, std::int64_t channels) {
  auto image = decode_image(Env::real().read(path), path);
  if (const auto longer = std::max(image.width, image.height); size > 0 && longer != size) {
    const auto scaled = [&](int side) {
      return static_cast<int>(std::max<std::int64_t>(1, side * size / longer));
    };
    image = resize(image, scaled(image.width), scaled(image.height));
  }
  return to_model_range(image_tensor(convert_channels(image, static_cast<int>(channels))).unsqueeze(0));
}

// The network that looks at both images, and what it requires of them.
struct Eye {
  std::unique_ptr<Run> run;         // either the network of this run
  std::unique_ptr<Featurizer> own;  // or this one
  Featurizer* featurizer = nullptr;
  torch::Device device = torch::kCPU;
  std::int64_t channels = 3;
  std::int64_t smallest = 16;  // side of an image in pixels
  std::string why_smallest;
};

Eye eye_of_run(const RunRequest& request) {
  Eye eye;
  eye.run = request.open();
  eye.featurizer = require_capability(eye.run->model().featurizer(), *eye.run, Capability::featurizer);
  eye.device = eye.run->device();
  eye.channels = eye.run->shape().channels;
  eye.smallest = eye.run->shape().width;
  eye.why_smallest = "that the run was trained on";
  return eye;
}

Eye eye_of_weights(const StylizeRequest& request) {
  if (!request.run.settings.empty())
    throw usage_error("--set changes settings of a run, but --features uses no run", "leave --set out");
  if (request.run.step)
    throw usage_error("--checkpoint is one of a run, but --features uses no run", "leave --checkpoint out");
  Eye eye;
  eye.device = prepare_machine(request.run.device);
  eye.own = vgg16_featurizer(request.features, eye.device);
  eye.featurizer = eye.own.get();
  eye.why_smallest = "that VGG16 needs";
  return eye;
}

Eye eye_of(const StylizeRequest& request) {
  if (request.run.folder.empty() == request.features.empty())
    throw usage_error(
        request.features.empty() ? "neither a run nor --features is given" : "a run and --features are given",
        "give either a run, whose network is used, or weights of a network, such as --features vgg16-conv");
  return request.features.empty() ? eye_of_run(request.run) : eye_of_weights(request);
}

ExitCode work_on(const StylizeRequest& request) {
  if (request.texture != request.content.empty())
    throw usage_error(request.texture ? "--texture takes no --content" : "--content is missing",
                      request.texture ? "leave --content out" : "give --content PICTURE, or --texture");
  if (request.texture && request.options.keep_colours)
    throw usage_error("--keep-colours keeps those of the content, but a texture has none",
                      "leave --keep-colours out");
  const auto eye = eye_of(request);
  auto inputs = inputs_of(request.run);
  if (!request.texture) inputs.add_file(request.content);
  inputs.add_file(request.style);
  const auto out = picture_output("--out", request.out, inputs);
  Tensor content;
  if (!request.texture) content = read_image(request.content, request.size, eye.channels).to(eye.device);
  const auto style = read_image(request.style, request.size, eye.channels).to(eye.device);
  for (const Tensor* image : std::initializer_list<const Tensor*>{&content, &style}) {
    if (!image->defined()) continue;
    if (std::min(image->size(2), image->size(3)) < eye.smallest)
      throw data_error(fmt::format("{} is {}x{}, smaller than the {} pixels {}",
                                   image == &content ? request.content : request.style, image->size(3),
                                   image->size(2), eye.smallest, eye.why_smallest),
                       "set a larger --size, or use larger images");
  }
  Progress progress;
  const auto made = stylize(*eye.featurizer, content, style, request.options, [&](double done, double loss) {
    progress.update(fmt::format("{:3.0f} %, loss {:.4g}", 100 * done, loss));
  });
  progress.finish();
  write_picture(out, to_images(made.cpu()).front());
  if (request.texture) {
    fmt::print("texture of {}: {}\n", request.style, request.out);
  } else {
    fmt::print("{} in the style of {}: {}\n", request.content, request.style, request.out);
  }
  return ExitCode::ok;
}

}  // namespace

void add_stylize(Verb program) {
  auto request = std::make_shared<StylizeRequest>();
  auto verb = program.verb("stylize", "Draw one image in the style of another (neural style transfer)");
  add_optional_run(verb, request->run,
                   "Folder of the run whose network is used; leave it out with --features");
  verb.option("--features", request->features,
              "Weights of VGG16 to use instead of a run: a name from 'belamy weights list', or a file");
  verb.option("--content", request->content, "Image whose content stays");
  verb.flag("--texture", request->texture, "No content: draw the texture of --style, from noise");
  verb.option("--style", request->style, "Image whose style is taken").required();
  verb.option("--out", request->out, "F.png: the picture");
  verb.option("--size", request->size, "Longer side of both images in pixels; 0: as they are")
      .between(0, 4096);
  verb.option("--style-weight", request->options.style_weight, "Weight of the style relative to the content")
      .between(0.0, 1e9);
  verb.option("--smoothness", request->options.smoothness,
              "Weight of the penalty on differences between neighbouring pixels")
      .between(0.0, 1e9);
  verb.option("--steps", request->options.steps, "Number of steps").between(1, 100000);
  verb.flag("--adam", request->options.adam, "Use Adam in place of L-BFGS");
  verb.flag("--keep-colours", request->options.keep_colours, "Keep the colours of the content");
  verb.option("--seed", request->options.seed, "Seed of the noise that a texture starts from");
  verb.does([request] { return work_on(*request); });
}

}  // namespace belamy::cli
