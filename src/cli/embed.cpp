// The verb `embed`: shows codes or the latent plane as a picture.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "metrics/tsne.h"
#include "pictures/grids.h"
#include "pictures/latent_pictures.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

struct EmbedRequest {
  RunRequest run;
  std::string data, out = "codes.png";
  std::int64_t n = 2000, seed = 1, rows = 20;
  double perplexity = 30;
  bool manifold = false;
};

// Codes of two values are drawn as they are; t-SNE maps longer ones to the plane.
void draw_codes(const EmbedRequest& request, Run& run) {
  const auto options = fitted_options(run, request.data);
  const auto out = picture_output("--out", request.out, inputs_of(request.run, options));
  auto* encoder = require_capability(run.model().encoder(), run, Capability::encoder);
  const auto set = load_dataset(options, Split::test);
  check_fits(run, set);
  const auto n = std::min(request.n, set.count);
  constexpr std::int64_t least = 4;
  if (n < least)
    throw data_error(
        fmt::format("a map needs at least {} examples, but '{}' has only {}", least, set.name, n),
        "choose a larger data set with --data");
  auto generator = run.generator(request.seed);
  const auto pick = torch::randperm(set.count, generator, torch::TensorOptions().device(run.device()))
                        .narrow(0, 0, n)
                        .cpu();
  auto points = in_batches(run, data_tensor(set).index_select(0, pick),
                           [&](const Tensor& x) { return encoder->encode(x).flatten(1); });
  std::string how = "as they are";
  if (points.size(1) != 2) {
    Progress progress;
    const auto map = tsne(points, {.perplexity = request.perplexity, .progress = [&](double done) {
                                     progress.update(fmt::format("t-SNE: {:.0f} %", 100 * done));
                                   }});
    progress.finish();
    points = map.points;
    how = fmt::format("by t-SNE with perplexity {:g}, KL(P || Q) = {:.3f} nats", request.perplexity,
                      map.divergence);
  }
  const auto labels = set.labels.empty() ? Tensor() : torch::tensor(set.labels).index_select(0, pick);
  write_picture(out, labelled_map(points, labels));
  fmt::print("{} of {} {}, in {}\n", counted(n, "code"), counted(encoder->code_size(), "value"), how,
             request.out);
}

}  // namespace

void add_embed(Verb program) {
  auto request = std::make_shared<EmbedRequest>();
  auto verb = program.verb("embed", "Draw a map of a run's codes, or a grid of decoded latents");
  add_run(verb, request->run);
  add_test_data(verb, request->data);
  verb.option("-n,--count", request->n, "Number of codes on the map").between(4, 100'000);
  verb.option("--perplexity", request->perplexity,
              "t-SNE perplexity: roughly how many neighbours each code considers");
  verb.flag("--manifold", request->manifold,
            "Decode a grid of percentiles of the prior, for models with two latents");
  verb.option("--rows", request->rows, "Pictures along each axis of the manifold").between(2, 100);
  verb.option("--out", request->out, "F.png: the picture");
  verb.option("--seed", request->seed, "Seed of the choice of examples");
  verb.does([request] {
    const auto run = request->run.open();
    if (!request->manifold) {
      draw_codes(*request, *run);
      return ExitCode::ok;
    }
    const auto out = picture_output("--out", request->out, inputs_of(request->run));
    auto* decoder = require_capability(run->model().decoder(), *run, Capability::decoder);
    const auto images = decoded_manifold(*decoder, request->rows, run->device());
    if (images.dim() != 4) throw usage_error("--manifold draws images, but this run makes points");
    write_picture(out, image_grid(images, request->rows));
    fmt::print("{0} x {0} decoded latents in {1}\n", request->rows, request->out);
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
