// The verb `project`: finds the latents of given pictures.
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/fit_image.h"
#include "data/formats.h"
#include "metrics/feature_distance.h"
#include "metrics/image_quality.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/latents.h"

namespace belamy::cli {
namespace {

struct ProjectRequest {
  RunRequest run;
  std::string data, out = "projection.png", latents, features, space;
  std::int64_t n = 8, seed = 1;
  LatentSearch search;
};

// The pictures to find: a single file, or the first of a data set. [N, C, H, W] in [-1, 1].
Tensor wanted_pictures(const ProjectRequest& request, const Run& run, const DataOptions& options) {
  if (fs::is_regular_file(request.data)) {
    const auto bytes = Env::real().read(request.data);
    if (image_format(bytes))
      return to_model_range(image_tensor(fitted(decode_image(bytes, request.data), options)).unsqueeze(0));
  }
  const auto set = load_dataset(options, Split::test);
  check_fits(run, set);
  return to_model_range(data_tensor(set).narrow(0, 0, std::min(request.n, set.count)));
}

ExitCode find_and_draw(const ProjectRequest& request) {
  const auto run = request.run.open();
  auto& decoder = *require_capability(run->model().decoder(), *run, Capability::decoder);
  if (!run->shape().is_images()) throw usage_error("project works on images, but this run makes points");
  auto search = request.search;
  search.space = request.space.empty() ? decoder.spaces().back() : request.space;
  check_space(decoder, search.space, run->recipe().model->name);
  const auto options = fitted_options(*run, request.data);
  const auto inputs = inputs_of(request.run, options);
  const auto out = picture_output("--out", request.out, inputs);
  const auto latents_out = optional_output("--latents", request.latents, OutputKind::npz, inputs);
  std::optional<FeatureDistance> features;
  if (!request.features.empty()) {
    features.emplace(request.features, run->device());
    search.distance = [&](const Tensor& a, const Tensor& b) { return (*features)(a, b); };
  }
  const auto wanted = wanted_pictures(request, *run, options).to(run->device());
  Progress progress;
  const auto found =
      find_latents(decoder, wanted, search, run->generator(request.seed), [&](double done, double loss) {
        progress.update_each_second(fmt::format("{:3.0f} %, loss {:.4g}", 100 * done, loss));
      });
  progress.finish();
  const auto made = decoder.decode_from(search.space, found);
  write_picture(out,
                reconstruction_picture(wanted.cpu(), made.cpu(), std::min<std::int64_t>(wanted.size(0), 16)));
  const auto quality = peak_signal_to_noise((made + 1) / 2, (wanted + 1) / 2);
  fmt::print("{} in {}; PSNR {:.2f} dB; pictures above their projections: {}\n",
             counted(found.size(0), "latent"), search.space, quality.mean().item<double>(), request.out);
  if (latents_out) {
    write_numbers(*latents_out, found.cpu());
    fmt::print("the latents, [{}, {}]: {}\n", found.size(0), found.size(1), request.latents);
  }
  return ExitCode::ok;
}

}  // namespace

void add_project(Verb program) {
  auto request = std::make_shared<ProjectRequest>();
  auto verb = program.verb("project", "Find the latents whose pictures are most like given ones");
  add_run(verb, request->run);
  verb.option("--data", request->data,
              "A picture, a folder of pictures or a known data set [the run's test data]");
  verb.option("-n,--count", request->n, "Number of pictures of a folder or data set").between(1, 256);
  verb.option("--space", request->space, "Space of the latents: z, or w with stylegan [the run's last]");
  verb.option("--steps", request->search.steps, "Steps of Adam").between(1, 100'000);
  verb.option("--rate", request->search.rate, "Learning rate at first, in deviations of the space")
      .between(1e-6, 10.0);
  verb.option("--features", request->features,
              "Also compare in the features of VGG16: a name from 'belamy weights list', or a file");
  verb.option("--seed", request->seed, "Seed of the 1,000 latents among which the search begins");
  verb.option("--out", request->out, "F.png: the pictures above their projections");
  verb.option("--latents", request->latents, "F.npz: also write the latents");
  verb.does([request] { return find_and_draw(*request); });
}

}  // namespace belamy::cli
