// The verb `complete`: draws the unknown part of images.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>
#include <vector>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/image.h"
#include "nn/holes.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

constexpr const char* kUpper = "upper";

struct CompleteVerb {
  RunRequest run;
  std::string data, out = "completion.png", known = kUpper, mask;
  double share = 0.5;
  std::int64_t n = 16, each = 4, seed = 1;
};

// 1 where a pixel is known: [1, 1, H, W].
Tensor known_pixels(const std::string& part, double share, std::int64_t height, std::int64_t width) {
  const auto known = torch::zeros({1, 1, height, width});
  const auto of = [share](std::int64_t side) {
    return std::clamp<std::int64_t>(std::llround(share * static_cast<double>(side)), 1, side - 1);
  };
  const auto rows = of(height), columns = of(width);
  if (part == kUpper) known.narrow(2, 0, rows).fill_(1);
  if (part == "lower") known.narrow(2, height - rows, rows).fill_(1);
  if (part == "left") known.narrow(3, 0, columns).fill_(1);
  if (part == "right") known.narrow(3, width - columns, columns).fill_(1);
  if (part == "border") {
    const auto inner = [](std::int64_t side, std::int64_t given) {
      return std::max<std::int64_t>(1, side - given);
    };
    known.fill_(1);
    const auto high = inner(height, rows), wide = inner(width, columns);
    known.narrow(2, (height - high) / 2, high).narrow(3, (width - wide) / 2, wide).fill_(0);
  }
  return known;
}

const std::vector<std::string> kMasks = {"centre", "boxes", "strokes"};

// 1 where a pixel is known, as --mask says: [1 or n, 1, H, W].
Tensor masked_pixels(const CompleteVerb& asked, std::int64_t n, std::int64_t height, std::int64_t width) {
  if (asked.mask == "centre") return nn::centre_known(height, width);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(asked.seed));
  if (asked.mask == "boxes") return nn::boxes_known(n, height, width, generator);
  if (asked.mask == "strokes") return nn::strokes_known(n, height, width, generator);
  if (!Env::real().exists(asked.mask))
    throw usage_error(
        fmt::format("--mask {}: there is no such file", asked.mask),
        fmt::format("give a picture whose white pixels are the hole, or one of {}", fmt::join(kMasks, ", ")));
  auto picture = convert_channels(decode_image(Env::real().read(asked.mask), asked.mask), 1);
  picture = resize(picture, static_cast<int>(width), static_cast<int>(height));
  const auto known = (image_tensor(picture) < 128).to(torch::kFloat).unsqueeze(0);
  if ((known == 1).all().item<bool>())
    throw data_error(asked.mask + ": no pixel of the mask is white, so there is no hole to fill",
                     "paint the hole white on black");
  return known;
}

ExitCode complete(const CompleteVerb& asked) {
  const auto run = asked.run.open();
  auto* completer = require_capability(run->model().completer(), *run, Capability::completer);
  if (!run->shape().is_images()) throw usage_error("complete works on images, but this run makes points");
  if (!completer->any_region() && (asked.known != kUpper || !asked.mask.empty())) {
    throw usage_error(fmt::format("{} draws pixels in reading order, so the known part must be the upper one",
                                  run->recipe().model->name),
                      "leave --known and --mask out, or use a run of another model, such as diffusion");
  }
  const auto options = fitted_options(*run, asked.data);
  auto inputs = inputs_of(asked.run, options);
  if (Env::real().exists(asked.mask)) inputs.add_file(asked.mask);
  const Output out(asked.out, inputs);
  const auto dataset = load_dataset(options, Split::test);
  check_fits(*run, dataset);
  const auto n = std::min(asked.n, dataset.count);
  const auto images = to_model_range(data_tensor(dataset).narrow(0, 0, n));
  auto known = asked.mask.empty() ? known_pixels(asked.known, asked.share, images.size(2), images.size(3))
                                  : masked_pixels(asked, n, images.size(2), images.size(3));
  known = known.expand({n, 1, images.size(2), images.size(3)});

  SampleRequest request{n, run->generator(asked.seed)};
  Progress progress;
  std::vector<Tensor> completions;
  for (std::int64_t i = 0; i < asked.each; ++i) {
    request.progress = [&](double done) {
      progress.update_each_second(
          fmt::format("completion {} of {}: {:.0f} %", i + 1, asked.each, 100 * done));
      return true;
    };
    // The mask travels as a further channel, so that each batch gets its own part.
    completions.push_back(in_batches(*run, torch::cat({images, known}, 1), [&](const Tensor& x) {
      const auto channels = x.size(1) - 1;
      return completer->complete(x.narrow(1, 0, channels), x.narrow(1, channels, 1), request);
    }));
  }
  progress.finish();
  if (out.kind() == OutputKind::png) {
    std::vector<Tensor> rows = {images, torch::where(known > 0, images, torch::zeros_like(images))};
    rows.insert(rows.end(), completions.begin(), completions.end());
    write_picture(out.path(), rows_picture(std::move(rows), std::min<std::int64_t>(n, 16)));
  } else {
    out.write(torch::stack(completions, 1).flatten(0, 1));
  }
  fmt::print("{} completed {} each, in {}\n", counted(n, "image"), counted(asked.each, "time"), asked.out);
  if (n < asked.n)
    fmt::print("--count asks for {}, but {} has no more examples\n", format_count(asked.n), dataset.name);
  return ExitCode::ok;
}

}  // namespace

void add_complete(Verb program) {
  auto request = std::make_shared<CompleteVerb>();
  auto verb = program.verb("complete", "Complete images of which a part is known");
  add_run(verb, request->run);
  add_test_data(verb, request->data);
  verb.option("--known", request->known, "The part that the model is given")
      .one_of({kUpper, "lower", "left", "right", "border"});
  verb.option(
      "--mask", request->mask,
      "The hole to fill, in place of --known: centre, boxes, strokes, or a picture whose white pixels are the "
      "hole");
  verb.option("--share", request->share, "Share of the height or width that is given").between(0.01, 0.99);
  verb.option("-n,--count", request->n, "Number of images").between(1, 10'000);
  verb.option("--each", request->each, "Completions of each image").between(1, 64);
  verb.option("--seed", request->seed, "Seed; the same seed gives the same completions");
  verb.option("--out", request->out,
              "F.png: images, their known parts, then the completions; F.npz or DIR/: the completions");
  verb.does([request] { return complete(*request); });
}

}  // namespace belamy::cli
