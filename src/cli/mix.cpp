// The verb `mix`: pictures with the coarse styles of one source and the fine styles of another.
#include <algorithm>
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

struct MixRequest {
  RunRequest run;
  std::string out = "mix.png", layers = "coarse";
  std::int64_t rows = 4, columns = 6, seed = 1;
};

// "coarse", "middle", "fine": a third of the layers each. "2-5": from the second to the fifth.
LayerSpan span_of(const std::string& text, std::int64_t layers) {
  for (const auto& [name, third] : thirds_of_layers(layers))
    if (text == name) return third;
  const auto dash = text.find('-');
  const auto from = number_in<std::int64_t>(std::string_view(text).substr(0, dash));
  const auto to =
      dash == std::string::npos ? from : number_in<std::int64_t>(std::string_view(text).substr(dash + 1));
  if (!from || !to || *from < 1 || *to < *from || *to > layers)
    throw usage_error(fmt::format("--layers {} is not allowed", text),
                      fmt::format("use coarse, middle, fine, or numbers from 1 to {} such as 1-{}", layers,
                                  std::max<std::int64_t>(1, layers / 2)));
  return {*from - 1, *to - 1};
}

ExitCode draw_mixes(const MixRequest& request) {
  const auto run = request.run.open();
  auto& decoder = *require_capability(run->model().decoder(), *run, Capability::decoder);
  const auto layers = decoder.layers();
  if (layers < 2)
    throw usage_error(fmt::format("{} has one latent for the whole image, so nothing can be mixed",
                                  run->recipe().model->name),
                      "use a run of stylegan");
  const auto span = span_of(request.layers, layers);
  const auto out = picture_output("--out", request.out, inputs_of(request.run));
  auto generator = run->generator(request.seed);
  const auto styles = [&](std::int64_t n) {
    const auto space = decoder.spaces().back();
    return decoder.into(space, decoder.draw_latent(n, generator)).unsqueeze(1).repeat({1, layers, 1});
  };
  const auto down = styles(request.rows), across = styles(request.columns);
  std::vector<Tensor> cells = {
      torch::ones({1, run->shape().channels, run->shape().height, run->shape().width}),
      decoder.decode_at_layers(across).cpu()};
  for (std::int64_t i = 0; i < request.rows; ++i) {
    const auto source = down.narrow(0, i, 1);
    const auto mixes = mix_layers(source.repeat({request.columns, 1, 1}), across, span);
    cells.push_back(decoder.decode_at_layers(torch::cat({source, mixes})).cpu());
  }
  write_picture(out, image_grid(torch::cat(cells), request.columns + 1));
  fmt::print(
      "{} by {}; layers {} to {} of {} from the source above, the others from the source on the left: {}\n",
      counted(request.rows, "row"), counted(request.columns, "column"), span.first + 1, span.last + 1, layers,
      request.out);
  return ExitCode::ok;
}

}  // namespace

void add_mix(Verb program) {
  auto request = std::make_shared<MixRequest>();
  auto verb = program.verb("mix", "Mix the styles of two sources at different layers");
  add_run(verb, request->run);
  verb.option("--layers", request->layers,
              "Layers whose styles come from the source above: coarse, middle, fine, or numbers such as 1-4");
  verb.option("--rows", request->rows, "Number of sources on the left").between(1, 32);
  verb.option("--columns", request->columns, "Number of sources above").between(1, 32);
  verb.option("--seed", request->seed, "Seed of the sources");
  verb.option("--out", request->out, "F.png: sources on the left and above, and their mixes");
  verb.does([request] { return draw_mixes(*request); });
}

}  // namespace belamy::cli
