#include "export/functions.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

namespace belamy {
namespace {

using torch::Tensor;

Tensor as_bytes(const Tensor& images) {
  const auto levels = ((images + 1) * 127.5).round().clamp(0, 255).to(torch::kByte);
  return images.size(1) == 3 ? levels : at::cat({levels, levels, levels}, 1);
}

}  // namespace

std::vector<ExportedFunction> exported_functions(Model& model, const DataShape& shape, bool bytes) {
  const std::string datum = shape.is_images() ? "image" : "point";
  const std::string range = shape.is_images() ? "[-1, 1]" : "the data's units";
  const auto data_of = [datum, range](const DataShape& of, const std::string& name = "") {
    return ExportedFunction::Input{name.empty() ? datum : name, range,
                                   [of](std::int64_t n, at::Generator generator) {
                                     return torch::rand(of.sizes(n), generator) * 2 - 1;
                                   }};
  };
  const bool pictures = shape.is_images();
  std::vector<ExportedFunction> all;
  // A function whose result are data.
  const auto makes_data = [&](const std::string& name, const ExportedFunction::Input& input,
                              const auto& make) {
    const auto output = input.name == datum ? datum + "_out" : datum;
    ExportedFunction function{
        name, {input}, output, range, [make](const auto& given) { return make(given[0]); }};
    if (bytes && pictures) {
      function.text = "uint8, RGB";
      function.compute = [make](const auto& given) { return as_bytes(make(given[0])); };
    }
    all.push_back(function);
  };
  const auto makes = [&](const std::string& name, const std::string& output, const std::string& text,
                         const auto& make) {
    all.push_back(
        {name, {data_of(shape)}, output, text, [make](const auto& given) { return make(given[0]); }});
  };

  if (auto* decoder = model.decoder()) {
    const bool prior = decoder->draw_latent(1, at::detail::createCPUGenerator(1)).defined();
    for (const auto& space : decoder->spaces()) {
      const ExportedFunction::Input latent{
          "latent",
          space != "z" ? "points of " + space
          : prior      ? "draws of the prior"
                       : "codes of the encoder",
          [decoder, space, prior](std::int64_t n, at::Generator generator) {
            return decoder->into(space, prior ? decoder->draw_latent(n, generator)
                                              : torch::randn({n, decoder->latent_size()}, generator));
          }};
      makes_data(space == "z" ? "decoder" : "decoder:" + space, latent,
                 [decoder, space](const Tensor& x) { return decoder->decode_from(space, x); });
    }
  }
  if (auto* encoder = model.encoder())
    makes("encoder", "code", "", [encoder](const Tensor& x) { return encoder->encode(x); });
  if (auto* reconstructor = model.reconstructor())
    makes_data("reconstructor", data_of(shape),
               [reconstructor](const Tensor& x) { return reconstructor->reconstruct(x); });
  if (auto* translator = model.translator()) {
    for (const auto direction : translator->directions()) {
      const auto& from = domain_of(direction) == 0 || shape.others.empty() ? shape : shape.others[0];
      makes_data("translator:" + direction_name(direction), data_of(from),
                 [translator, direction](const Tensor& x) { return translator->translate(x, direction); });
    }
  }
  if (auto* classifier = model.classifier())
    makes("classifier", "logits", "", [classifier](const Tensor& x) { return classifier->classify(x); });
  if (auto* scorer = model.scorer())
    makes("scorer", "score", scorer->score_name(), [scorer](const Tensor& x) { return scorer->score(x); });
  if (auto* matcher = model.matcher()) {
    const auto& other = shape.others.empty() ? shape : shape.others[0];
    all.push_back({"matcher",
                   {data_of(shape, "a"), data_of(other, "b")},
                   "similarity",
                   "",
                   [matcher](const auto& given) { return matcher->similarity(given[0], given[1]); }});
  }
  return all;
}

}  // namespace belamy
