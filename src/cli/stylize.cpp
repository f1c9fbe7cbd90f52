#include "train/stylize.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "train/batches.h"
#include "train/pictures.h"

namespace belamy::cli {
namespace {

struct Request {
  std::string run, content, style, out = "stylized.png", device = "auto";
  std::int64_t size = 0;
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
  return to_model_range(tensor_of(convert_channels(image, static_cast<int>(channels))).unsqueeze(0));
}

ExitCode work_on(const Request& request) {
  const auto run = Run::open(request.run, request.device, warn);
  auto& featurizer = *need(run->model().featurizer(), *run, Capability::featurizer);
  Inputs inputs;
  for (const auto& file : {request.content, request.style}) inputs.add_file(file);
  const auto out = OutputPath::named("--out", request.out, {OutputKind::png}, inputs);
  const auto channels = run->shape().channels;
  const auto content = read_image(request.content, request.size, channels).to(run->device());
  const auto style = read_image(request.style, request.size, channels).to(run->device());
  for (const auto* image : {&content, &style}) {
    if (std::min(image->size(2), image->size(3)) < run->shape().width)
      throw data_error(fmt::format("{} is {}x{}, smaller than the {} pixels that the run was trained on",
                                   image == &content ? request.content : request.style, image->size(3),
                                   image->size(2), run->shape().width),
                       "give --size a larger number, or larger images");
  }
  Progress progress;
  const auto made = stylize(featurizer, content, style, request.options, [&](double done, double loss) {
    progress.update(fmt::format("{:3.0f} %, loss {:.4g}", 100 * done, loss));
  });
  progress.finish();
  write_output(out, encode_png(to_images(made.cpu()).front()));
  fmt::print("{} in the style of {}: {}\n", request.content, request.style, request.out);
  return ExitCode::ok;
}

}  // namespace

void add_stylize(Verb program) {
  auto request = std::make_shared<Request>();
  auto verb = program.verb("stylize", "Draw one image in the style of another, as a run's network sees both");
  verb.option("run", request->run, "Folder of the run").required();
  verb.option("--content", request->content, "Image whose content stays").required();
  verb.option("--style", request->style, "Image whose style is taken").required();
  verb.option("--out", request->out, "F.png");
  verb.option("--size", request->size, "Longer side of both images in pixels; 0: as they are")
      .between(0, 4096);
  verb.option("--style-weight", request->options.style_weight, "Of the style beside the content")
      .between(0.0, 1e9);
  verb.option("--smoothness", request->options.smoothness, "Of differences between neighbouring pixels")
      .between(0.0, 1e9);
  verb.option("--steps", request->options.steps, "Of L-BFGS").between(1, 100000);
  verb.option("--device", request->device, "auto, cpu or cuda");
  verb.does([request] { return work_on(*request); });
}

}  // namespace belamy::cli
