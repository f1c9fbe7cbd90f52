// The verb `interpolate`: walks between latents.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/shell.h"
#include "data/dataset.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/latents.h"

namespace belamy::cli {
namespace {

// The ends of the paths, [paths + 1, Z]: drawn from the prior, or codes of test images if the model has
// no prior.
Tensor ends(const Run& run, Model& model, std::int64_t count, std::int64_t seed) {
  auto* decoder = require_capability(model.decoder(), run, Capability::decoder);
  const auto latents = decoder->draw_latent(count, run.generator(seed));
  if (latents.defined()) return latents;
  auto options = run.recipe().data;
  const auto test = to_model_range(data_tensor(load_dataset(options, Split::test)));
  if (test.size(0) < 2)
    throw data_error(fmt::format("a path needs two test images, but the run has {}", test.size(0)),
                     "train with a larger data.holdout, or with more data");
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
  const auto pick = torch::randperm(test.size(0), generator).narrow(0, 0, std::min(count, test.size(0)));
  return model.encoder()->encode(test.index_select(0, pick).to(run.device()));
}

// What the names of the files begin with, such as "walk-": a folder keeps them below itself, and the ending
// of a file that was named is added again.
std::string prefix_of(const std::string& out) {
  if (out.ends_with('/')) return out;
  if (fs::is_directory(out)) return out + "/";
  const fs::path path(out);
  const auto ending = in_lower_case(path.extension().string());
  for (const std::string other : {".jpg", ".jpeg", ".gif"}) {
    if (ending == other)
      throw usage_error(fmt::format("--out {}: interpolate writes PNG and WebP files", out),
                        fmt::format("use --out {}", shell_word(fs::path(path).replace_extension().string())));
  }
  const bool named = ending == ".png" || ending == ".webp";
  return (named ? fs::path(path).replace_extension().string() : out) + "-";
}

}  // namespace

void add_interpolate(Verb program) {
  struct Request {
    RunRequest run;
    std::string out = "interpolation", path = "both", space = "z";
    std::int64_t paths = 6, steps = 10, seed = 1;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("interpolate", "Walk between latents: a strip of pictures and an animation");
  add_run(verb, request->run);
  verb.option("--path", request->path, "Kind of path: linear, spherical or both")
      .one_of({"linear", "spherical", "both"});
  verb.option("--space", request->space,
              "Space of the latents in which the paths run: z, or w with stylegan");
  verb.option("-n,--count", request->paths, "Number of paths").between(1, 64);
  verb.option("--steps", request->steps, "Pictures per path").between(2, 256);
  verb.option("--seed", request->seed, "Seed of the ends of the paths");
  verb.option("--out", request->out,
              "Prefix of the file names: OUT-linear.png, OUT-linear.webp, ...; DIR/: DIR/linear.png, ...");
  verb.does([request] {
    const auto run = request->run.open();
    auto& model = run->model();
    auto* decoder = require_capability(model.decoder(), *run, Capability::decoder);
    if (!run->shape().is_images()) throw usage_error("interpolate draws images, but this run makes points");
    check_space(*decoder, request->space, run->recipe().model->name);
    struct Files {
      std::string path;
      OutputPath strip, film;
    };
    std::vector<Files> files;
    const auto inputs = inputs_of(request->run);
    for (const std::string path : {"linear", "spherical"}) {
      if (request->path != "both" && request->path != path) continue;
      const auto name = prefix_of(request->out) + path;
      files.push_back({path, picture_output("--out", name + ".png", inputs),
                       OutputPath::named("--out", name + ".webp", {OutputKind::webp}, inputs)});
    }
    const auto z = decoder->into(request->space, ends(*run, model, request->paths + 1, request->seed));
    const auto weights = torch::linspace(0, 1, request->steps, z.options()).unsqueeze(1);  // w_k = k / n
    for (const auto& [path, strip, film] : files) {
      std::vector<Tensor> rows;
      for (std::int64_t i = 0; i + 1 < z.size(0); ++i) {
        const auto between =
            path == "linear" ? linear_path(z[i], z[i + 1], weights) : spherical_path(z[i], z[i + 1], weights);
        rows.push_back(decoder->decode_from(request->space, between));
      }
      const auto all = torch::cat(rows);
      write_picture(strip, image_grid(all, request->steps));
      std::vector<Image> frames;
      for (const auto& image : to_images(all)) frames.push_back(contact_sheet({image}, 1, 0, 4));
      write_output(film, encode_animation(frames, 80));
      fmt::print("{} and {}\n", strip.string(), film.string());
    }
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
