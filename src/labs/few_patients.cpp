// A classifier of X-rays with labels of few patients: what augmentation, codes learnt without labels and a
// semi-supervised GAN add, and whether all that beats a score that needs no label.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <map>

#include "belamy/recipe.h"

#include "core/random.h"
#include "core/text.h"
#include "labs/areas.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/one_thread.h"
#include "metrics/classifier.h"
#include "metrics/probes.h"
#include "metrics/roc.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/augment.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Two classes; 1 is the illness.
struct Patients {
  Dataset train, test;
  Tensor images, labels, test_images;  // bytes [N, C, H, W]; [N]
  std::vector<bool> ill;               // [N of test]
};

Patients patients_of(const std::string& source) {
  DataOptions options;
  options.source = source;
  if (source == "glyphs") {
    options.size = 16;
    options.classes = {"O", "Q"};
  }
  Patients p{load_dataset(options, Split::train), load_dataset(options, Split::test), {}, {}, {}, {}};
  // From the numbers of all classes of the source to 0 and 1.
  const auto first = *std::min_element(p.train.labels.begin(), p.train.labels.end());
  for (auto* set : {&p.train, &p.test}) {
    for (auto& label : set->labels) label = label != first;
    set->class_names = {"healthy", "ill"};
  }
  p.images = data_tensor(p.train);
  p.labels = torch::tensor(p.train.labels);
  p.test_images = data_tensor(p.test);
  for (const auto label : p.test.labels) p.ill.push_back(label == 1);
  return p;
}

Tensor log_odds(const Tensor& logits) {
  return logits.select(1, 1) - logits.select(1, 0);
}

std::unique_ptr<Recipe> recipe_with(const std::string& model, std::int64_t seed,
                                    std::vector<std::string> settings) {
  settings.push_back(fmt::format("train.seed={}", seed));
  return Recipe::parse("[model]\nname = \"" + model + "\"\n", "lab few-patients", settings);
}

class FewPatients {
 public:
  FewPatients(const Lab& lab, const Patients& patients, std::int64_t seed)
      : lab_(lab),
        p_(patients),
        seed_(seed),
        semi_recipe_(semi_recipe()),
        semi_(*semi_recipe_, p_.train, torch::kCPU) {
    // The labels that the semi-supervised model may see are those of all other ways too.
    chosen_ = std::get<0>(semi_.batches().at(0).labelled.indices.sort());
    images_ = p_.images.index_select(0, chosen_);
    labels_ = p_.labels.index_select(0, chosen_);
  }

  double share_of_ill() const { return labels_.to(torch::kDouble).mean().item<double>(); }

  Tensor network(const Tensor& images, const Tensor& labels, std::int64_t passes) const {
    FeatureClassifier classifier(images.size(1), images.size(2), 2,
                                 {.epochs = passes,
                                  .batch = kBatch,
                                  .seed = static_cast<std::uint64_t>(seed_),
                                  .learning_rate = 1e-3});
    classifier.train(images, labels);
    return log_odds(classifier.logits(p_.test_images));
  }
  Tensor plain() const { return network(images_, labels_, lab_.integer("passes")); }

  // Copies that are moved, brighter or darker, with more or less contrast; as many steps as without them.
  Tensor augmented() const {
    constexpr std::int64_t copies = 20;
    DataOptions options;
    options.shift = 2;
    const Augment augment(options);
    Random random(static_cast<std::uint64_t>(seed_), 1);
    const auto images = to_model_range(images_).repeat({copies, 1, 1, 1});
    const auto moved =
        Augment::apply(images, augment.draw(images.size(0), images.size(2), images.size(3), random));
    std::vector<double> contrast, light;
    for (std::int64_t i = 0; i < images.size(0); ++i) {
      contrast.push_back(random.uniform(0.9, 1.1));
      light.push_back(random.uniform(-0.1, 0.1));
    }
    const auto of_each = [](const std::vector<double>& values) {
      return torch::tensor(values, torch::kFloat).view({-1, 1, 1, 1});
    };
    const auto middle = moved.mean({1, 2, 3}, /*keepdim=*/true);
    const auto changed = (moved - middle) * of_each(contrast) + middle + of_each(light);
    return network(to_bytes(changed.clamp(-1, 1)), labels_.repeat({copies}),
                   std::max<std::int64_t>(1, lab_.integer("passes") / copies));
  }

  Tensor probe(const Tensor& codes, const Tensor& test) const {
    const auto fitted =
        fit_linear_probe(codes.index_select(0, chosen_), labels_, {.decay = lab_.number("decay")});
    return log_odds(at::matmul(test.to(torch::kDouble), fitted.weight.t()) + fitted.bias);
  }
  Tensor of_pixels() const {
    return probe(to_model_range(p_.images).flatten(1), to_model_range(p_.test_images).flatten(1));
  }
  // Codes of a denoising autoencoder that has seen all training images and no label.
  Tensor of_codes() const {
    const auto recipe = recipe_with(
        "autoencoder", seed_,
        {fmt::format("train.steps={}", lab_.integer("coder_steps")), "train.batch=64", "model.hidden=[256]",
         "model.code=32", "model.corruption=gaussian", "model.corruption_level=0.2"});
    Session session(*recipe, p_.train, torch::kCPU);
    while (!session.finished()) session.run_step();
    const ModelState::Evaluation evaluation(session.state());
    auto& encoder = *session.state().model().encoder();
    return probe(encoder.encode(to_model_range(p_.images)), encoder.encode(to_model_range(p_.test_images)));
  }
  Tensor semi_supervised() {
    while (!semi_.finished()) semi_.run_step();
    const ModelState::Evaluation evaluation(semi_.state());
    return log_odds(semi_.state().model().classifier()->classify(to_model_range(p_.test_images)));
  }

 private:
  static constexpr std::int64_t kBatch = 20;

  std::unique_ptr<Recipe> semi_recipe() const {
    const auto patients = lab_.integer("patients");
    return recipe_with(
        "semi-gan", seed_,
        {fmt::format("data.labelled={}", patients), fmt::format("data.seed={}", seed_),
         fmt::format("train.batch={}", patients), fmt::format("train.steps={}", lab_.integer("semi_steps")),
         "model.generator=[256]", "model.discriminator=[500,250,250]", "optimizer.discriminator.lr=1e-3",
         "optimizer.generator.lr=1e-3", "optimizer.discriminator.average=0.99"});
  }

  const Lab& lab_;
  const Patients& p_;
  std::int64_t seed_;
  std::unique_ptr<Recipe> semi_recipe_;
  Session semi_;
  Tensor chosen_, images_, labels_;
};

struct Way {
  std::string key, name, sees;
  std::vector<RocArea> areas = {};  // over seeds
};

}  // namespace

void few_patients(Lab& lab) {
  const OneThread one_thread;
  const auto source = at_hand(lab.text("data"));
  const auto patients = patients_of(source);
  const auto few = fmt::format("{} labels", lab.integer("patients"));
  std::vector<Way> ways = {
      {"plain", "convolutional network", few},
      {"augmented", "the same, images moved and brightened", few},
      {"pixels", "logistic regression on pixels", few},
      {"codes", "logistic regression on codes of a denoising autoencoder", few + " and all images"},
      {"semi", "semi-supervised GAN", few + " and all images"}};
  double unbalance = 0;
  for (std::int64_t run = 0; run < lab.integer("runs"); ++run) {
    FewPatients task(lab, patients, lab.integer("seed") + run);
    unbalance = std::max(unbalance, std::abs(task.share_of_ill() - 0.5));
    const std::vector<std::function<Tensor()>> scores = {
        [&] { return task.plain(); }, [&] { return task.augmented(); }, [&] { return task.of_pixels(); },
        [&] { return task.of_codes(); }, [&] { return task.semi_supervised(); }};
    for (std::size_t i = 0; i < ways.size(); ++i) {
      lab.say(fmt::format("{}, seed {} of {}", ways[i].name, run + 1, lab.integer("runs")));
      ways[i].areas.push_back(roc_area(scores[i](), patients.ill));
    }
  }

  // A score that needs neither training nor labels.
  const auto contrast = -to_model_range(patients.test_images).flatten(1).std(1);
  ways.push_back({"contrast", "low contrast", "nothing", {roc_area(contrast, patients.ill)}});

  LabTable table{{"way", "it has seen", "AUC", "over seeds", "DeLong's error"}, {}};
  std::map<std::string, double> mean;
  for (const auto& way : ways) {
    const auto spread = spread_of(way.areas);
    mean[way.key] = spread.mean;
    table.rows.push_back({way.name, way.sees, fmt::format("{:.3f}", spread.mean),
                          way.areas.size() > 1 ? fmt::format("± {:.3f}", spread.deviation) : "–",
                          fmt::format("{:.3f}", spread.error)});
  }
  lab.table(
      "Areas under the curve",
      fmt::format("{} of `{}`. *Over seeds* is the deviation between trainings, each with other patients; "
                  "*DeLong's error* that of one area for so few test images.",
                  counted(patients.test.count, "test image"), source),
      std::move(table));
  lab.measure("balanced", unbalance);
  lab.measure("plain", mean["plain"]);
  lab.measure("gain", mean["augmented"] - mean["plain"]);
  lab.measure("unlabelled", std::max(mean["codes"], mean["semi"]) - std::max(mean["plain"], mean["pixels"]));
  lab.measure("free", mean["contrast"] - mean["plain"]);
}

}  // namespace belamy::labs
