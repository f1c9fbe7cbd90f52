// The verb `directions`: directions of a latent space along which pictures change most.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/text.h"
#include "pictures/grids.h"
#include "use/latents.h"

namespace belamy::cli {
namespace {

struct DirectionsRequest {
  RunRequest run;
  std::string out = "directions.png", space, axes;
  std::int64_t n = 8, steps = 7, seed = 1;
  double reach = 3;
  bool dimensions = false;
};

ExitCode draw_directions(const DirectionsRequest& request) {
  const auto run = request.run.open();
  auto& decoder = *require_capability(run->model().decoder(), *run, Capability::decoder);
  if (!run->shape().is_images()) throw usage_error("directions draws images, but this run makes points");
  const std::string space = request.dimensions      ? "z"
                            : request.space.empty() ? decoder.spaces().back()
                                                    : request.space;
  if (request.dimensions && !request.space.empty() && request.space != "z")
    throw usage_error("--dimensions walks along the dimensions of z", "leave --space out");
  check_space(decoder, space, run->recipe().model->name);
  const auto inputs = inputs_of(request.run);
  const auto out = picture_output("--out", request.out, inputs);
  const auto axes_out = optional_output("--axes", request.axes, OutputKind::npz, inputs);

  auto generator = run->generator(request.seed);
  const auto start = decoder.into(space, decoder.draw_latent(1, generator));
  const auto found = request.dimensions ? dimensions_of_change(decoder, request.n, generator)
                     : space == "z"     ? directions_of_change(decoder, request.n, generator)
                                        : principal_directions(decoder, space, request.n, generator);
  const auto ways = torch::linspace(-request.reach, request.reach, request.steps).view({-1, 1});
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < found.axes.size(0); ++i) {
    const auto walk = (ways * found.deviations[i] * found.axes[i]).to(start.device());
    rows.push_back(decoder.decode_from(space, start + walk));
  }
  write_picture(out, image_grid(torch::cat(rows), request.steps));
  fmt::print("{} of {}, one in each row, from {:g} to {:g} deviations: {}\n",
             counted(found.axes.size(0), request.dimensions ? "dimension" : "direction"), space,
             -request.reach, request.reach, request.out);
  if (axes_out) {
    write_numbers(*axes_out, found.axes);
    fmt::print("the directions themselves, [{}, {}]: {}\n", found.axes.size(0), found.axes.size(1),
               request.axes);
  }
  return ExitCode::ok;
}

}  // namespace

void add_directions(Verb program) {
  auto request = std::make_shared<DirectionsRequest>();
  auto verb =
      program.verb("directions", "Draw the directions of a latent space along which pictures change most");
  add_run(verb, request->run);
  verb.option("--space", request->space,
              "Space of the latents: z, or w with stylegan (principal components) [the run's last]");
  verb.flag(
      "--dimensions", request->dimensions,
      "Walk along single dimensions of z, those that change pictures most, as for a VAE with few of them");
  verb.option("-n,--count", request->n, "Number of directions").between(1, 64);
  verb.option("--steps", request->steps, "Pictures along each direction").between(2, 64);
  verb.option("--reach", request->reach, "Way to both sides, in deviations").between(0.1, 100.0);
  verb.option("--seed", request->seed, "Seed of the picture in the middle, and of the search");
  verb.option("--out", request->out, "F.png: the picture, one direction in each row");
  verb.option("--axes", request->axes, "F.npz: also write the directions");
  verb.does([request] { return draw_directions(*request); });
}

}  // namespace belamy::cli
