// Compares samples with the test set in the features of networks that were trained elsewhere: FID, KID and Inception score with
// the Inception of the field, and the same distances by their own names with other networks.
#include <fmt/format.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/frechet.h"
#include "metrics/inception_score.h"
#include "metrics/kernel_distance.h"

namespace belamy {
namespace {

using Kind = JudgeNetwork::Kind;

constexpr std::int64_t kScoreParts = 10;
constexpr std::uint32_t kPartSeed = 2020;  // torch-fidelity's

// The covariance of fewer images than features is singular, and the bias of the distance large.
std::string warning_of_few(EvaluationContext& context, Kind kind) {
  const auto features = context.network(kind).feature_count;
  const auto fewer = std::min(context.network_samples(kind).size(0), context.network_test(kind).size(0));
  return fewer > features ? ""
                          : fmt::format("; too few images to trust: {} for {} features", fewer, features);
}

void add_frechet(EvaluationContext& context, Kind kind, const std::string& key, const std::string& words) {
  const auto basis = context.network_basis(kind);
  const auto &samples = context.network_samples(kind), &test = context.network_test(kind);
  context.progress("Frechet distance");
  context.add(key, frechet_distance(samples, test),
              fmt::format("{}; {} against {}{}", words, counted(basis.samples, "sample"),
                          counted(basis.examples, "test image"), warning_of_few(context, kind)),
              basis);
}

void add_kernel(EvaluationContext& context, Kind kind, const std::string& key) {
  KernelDistanceOptions options;
  options.seed = kPartSeed;
  options.progress = [&](std::int64_t done) {
    context.progress(fmt::format("kernel distance: {} of {}", done, counted(options.subsets, "subset")));
  };
  auto basis = context.network_basis(kind);
  basis.parts = fmt::format("{} subsets of {}, seed {}", options.subsets, options.size, options.seed);
  const auto found = kernel_distance(context.network_samples(kind), context.network_test(kind), options);
  context.add(key, found.mean, fmt::format("mean of {}", basis.parts), basis);
  context.add(key + "-deviation", found.deviation, "standard deviation over these subsets", basis);
}

void take_fid(EvaluationContext& context) {
  add_frechet(context, Kind::inception, "fid", "images resized as TensorFlow 1 and torch-fidelity do it");
}

void take_fid_of_pytorch(EvaluationContext& context) {
  add_frechet(context, Kind::inception_of_pytorch, "fid-pytorch", "images resized as pytorch-fid does it");
}

void take_kid(EvaluationContext& context) {
  add_kernel(context, Kind::inception, "kid");
}

void take_inception_score(EvaluationContext& context) {
  auto basis = context.network_basis(Kind::inception);
  basis.examples = 0;
  basis.parts = fmt::format("{} parts, seed {}", kScoreParts, kPartSeed);
  const auto logits = context.network(Kind::inception).logits(context.network_samples(Kind::inception));
  const auto found = inception_score(logits, kScoreParts, kPartSeed);
  context.add("is", found.mean, fmt::format("mean of {}; {}", basis.parts, counted(basis.samples, "sample")),
              basis);
  context.add("is-deviation", found.deviation, "standard deviation over these parts", basis);
}

// Adds the distance of real training images as well; with Inception they would take half as long again.
void add_own_frechet(EvaluationContext& context, Kind kind, const std::string& key) {
  add_frechet(context, kind, key,
              fmt::format("Frechet distance in the features of {}; not FID, and not comparable with FID",
                          context.network(kind).title));
  context.add(key + "-floor", frechet_distance(context.network_train(kind), context.network_test(kind)),
              "the same for real training images", context.network_basis(kind));
}

void take_lite0_frechet(EvaluationContext& context) {
  add_own_frechet(context, Kind::lite0, "lite0-frechet");
}

void take_lite0_kid(EvaluationContext& context) {
  add_kernel(context, Kind::lite0, "lite0-kid");
}

void take_vgg16_frechet(EvaluationContext& context) {
  add_own_frechet(context, Kind::vgg16, "vgg16-frechet");
}

Measure network_measure(const char* key, const char* text, const char* cost,
                        void (*take)(EvaluationContext&)) {
  return {.key = key,
          .text = text,
          .cost = cost,
          .needs = Capability::sampler,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && shape.is_images(); },
          .take = take,
          .only_asked = true};
}

}  // namespace

namespace measures {

Measure fid() {
  return network_measure("fid", "FID with the published Inception network, as torch-fidelity computes it",
                         "half an hour", take_fid);
}
Measure fid_of_pytorch() {
  return network_measure("fid-pytorch",
                         "FID with the published Inception network, as pytorch-fid computes it",
                         "half an hour", take_fid_of_pytorch);
}
Measure kid() {
  return network_measure("kid", "KID with the published Inception network",
                         "half an hour; a minute after fid", take_kid);
}
Measure inception_score_of_samples() {
  return network_measure("is", "Inception score with the published Inception network",
                         "a quarter of an hour; seconds after fid", take_inception_score);
}
Measure lite0_frechet() {
  return network_measure("lite0-frechet", "Frechet distance in the features of EfficientNet-Lite0", "minutes",
                         take_lite0_frechet);
}
Measure lite0_kid() {
  return network_measure("lite0-kid", "kernel distance in the features of EfficientNet-Lite0", "minutes",
                         take_lite0_kid);
}
Measure vgg16_frechet() {
  return network_measure("vgg16-frechet", "Frechet distance in the features of VGG16", "half an hour",
                         take_vgg16_frechet);
}

}  // namespace measures
}  // namespace belamy
