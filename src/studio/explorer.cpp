#include "studio/explorer.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "core/base64.h"
#include "core/text.h"
#include "data/attributes.h"
#include "data/captions.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/fit_image.h"
#include "metrics/principal.h"
#include "metrics/tsne.h"
#include "nn/holes.h"
#include "pictures/grids.h"
#include "pictures/latent_pictures.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"
#include "use/latents.h"
#include "use/require.h"

namespace belamy::studio {
namespace {

constexpr std::size_t kOpened = 4;  // checkpoints that are kept open
constexpr std::int64_t kDirections = 8, kMostSamples = 400, kMostSeeds = 64, kMapped = 600, kSprite = 32;

template <class T>
T given(const Json& asked, const char* key, T otherwise) {
  const auto found = asked.find(key);
  if (found == asked.end() || found->is_null()) return otherwise;
  try {
    return found->get<T>();
  } catch (const Json::exception&) {
    throw usage_error(fmt::format("'{}' has the wrong type", key));
  }
}

std::int64_t whole(const Json& asked, const char* key, std::int64_t otherwise, std::int64_t low,
                   std::int64_t high) {
  const auto value = given<double>(asked, key, static_cast<double>(otherwise));
  if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)))
    throw usage_error(fmt::format("'{}' must be between {} and {}", key, low, high));
  return static_cast<std::int64_t>(value);
}

std::vector<std::int64_t> seeds_in(const Json& asked, const char* key) {
  std::vector<std::int64_t> seeds;
  for (const auto& each : asked.value(key, Json::array())) {
    if (!each.is_number_integer())
      throw usage_error(fmt::format("'{}' must be a list of whole numbers", key));
    seeds.push_back(each.get<std::int64_t>());
  }
  if (seeds.size() > static_cast<std::size_t>(kMostSeeds))
    throw usage_error(fmt::format("'{}' has more than 64 seeds", key));
  return seeds;
}

std::string png_of(const Tensor& images, std::int64_t columns) {
  return encode_png(image_grid(images, columns));
}

}  // namespace

// A latent that was found for a picture.
struct Explorer::Own {
  std::string space;
  Tensor point;
};

// A checkpoint of a run and what was computed of it.
struct Explorer::Opened {
  std::string id;
  std::int64_t step = 0;
  std::vector<std::string> settings;
  std::unique_ptr<Run> run;
  std::map<std::string, Directions> directions;  // by space
  std::optional<Json> map;
  Tensor training;  // for the nearest images: uint8 [N, C, H, W]

  // A picture as the run's images are: [1, C, H, W].
  Tensor picture(const Json& asked, const DataShape& shape) {
    const auto bytes = decode_base64(given<std::string>(asked, "picture", ""));
    if (!bytes) throw usage_error("the picture cannot be read");
    auto options = run->recipe().data;
    ask_for(options, shape);
    const auto image = image_tensor(fitted(decode_image(*bytes, "the picture"), options)).unsqueeze(0);
    return to_model_range(image).to(run->device());
  }
  // The latent of a picture: by the encoder, where it makes latents, else by a search.
  Tensor latent_of(const Tensor& x, const std::string& space) {
    auto* encoder = run->model().encoder();
    if (space == "z" && encoder && encoder->code_size() == decoder().latent_size()) return encoder->encode(x);
    return find_latents(decoder(), x, {.space = space, .draws = 300, .steps = 100}, run->generator(1), {});
  }

  Decoder& decoder() { return *require_capability(run->model().decoder(), *run, Capability::decoder); }
  void check_images() const {
    if (!run->shape().is_images()) throw usage_error("this run makes points, which have no pictures");
  }
  std::string space(const Json& asked) {
    const auto wanted = given<std::string>(asked, "space", decoder().spaces().back());
    check_space(decoder(), wanted, run->recipe().model->name);
    return wanted;
  }
  // Points of a space, one for each seed; -K stands for the latent of the K-th picture of `own`.
  Tensor points(const std::string& space, const std::vector<std::int64_t>& seeds,
                const std::vector<Own>& own) {
    std::vector<Tensor> rows;
    for (const auto seed : seeds) {
      if (seed < 0) {
        if (-seed > static_cast<std::int64_t>(own.size()))
          throw usage_error(fmt::format("there is no picture {} of yours", -seed), "open a picture first");
        const auto& known = own[static_cast<std::size_t>(-seed - 1)];
        if (known.space != space)
          throw usage_error(
              fmt::format("the latent of picture {} was found in {}, not in {}", -seed, known.space, space),
              "choose that space, or open the picture again");
        rows.push_back(known.point);
        continue;
      }
      const auto latent = decoder().draw_latent(1, run->generator(seed));
      if (!latent.defined())
        throw usage_error(run->recipe().model->name + " has no prior to draw latents from",
                          "use a model with a sampler, such as a VAE");
      rows.push_back(decoder().into(space, latent));
    }
    return at::cat(rows);
  }
  const Directions& known_directions(const std::string& space) {
    auto found = directions.find(space);
    if (found == directions.end()) {
      auto generator = run->generator(1);
      auto made = space == "z" ? directions_of_change(decoder(), kDirections, generator)
                               : principal_directions(decoder(), space, kDirections, generator);
      found = directions.emplace(space, std::move(made)).first;
    }
    return found->second;
  }
};

Explorer::Explorer(Runs& runs) : runs_(runs) {}

Explorer::~Explorer() {
  worker_.run([this] {
    kept_.clear();
    return 0;
  });
}

Explorer::Opened& Explorer::opened(const std::string& id, const Json& asked) {
  const auto folder = runs_.folder(id);
  const auto saved = RunFolder::read(Env::real(), folder).checkpoints();
  if (saved.empty())
    throw usage_error("this run has no checkpoint yet", "wait for the first one, or save one now");
  const auto settings = given<std::vector<std::string>>(asked, "use", {});
  const bool newest = !asked.contains("step");
  const auto step = newest ? saved.back().step : whole(asked, "step", 0, 0, saved.back().step);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& each) {
    return each->id == id && each->step == step && each->settings == settings;
  });
  if (found != kept_.end()) {
    std::rotate(kept_.begin(), found, found + 1);
    return *kept_.front();
  }
  while (kept_.size() >= kOpened) kept_.pop_back();
  auto made = std::make_unique<Opened>();
  made->id = id;
  made->step = step;
  made->settings = settings;
  made->run = Run::open(folder, "cpu", {}, settings, newest ? std::nullopt : std::optional(step));
  kept_.insert(kept_.begin(), std::move(made));
  return *kept_.front();
}

Json Explorer::abilities(const std::string& id) {
  return worker_.run([&] {
    auto& one = opened(id);
    auto& model = one.run->model();
    const auto& shape = one.run->shape();
    Json json = {{"run", id},
                 {"model", one.run->recipe().model->name},
                 {"step", one.run->step()},
                 {"images", shape.is_images()},
                 {"width", shape.width},
                 {"height", shape.height},
                 {"channels", shape.channels}};
    auto* sampler = model.sampler();
    json["samples"] = sampler != nullptr;
    auto classes = Json::array();
    if (sampler && sampler->conditional()) {
      const auto names = sampler->clusters() > 0 ? numbered_classes(sampler->clusters()) : shape.class_names;
      for (const auto& name : names) classes.push_back(name);
    }
    json["classes"] = classes;
    json["attributes"] = sampler && sampler->takes_attributes() ? Json(shape.attributes) : Json::array();
    json["text"] = sampler && sampler->takes_captions();
    auto spaces = Json::array();
    if (auto* decoder = model.decoder()) {
      if (decoder->draw_latent(1, one.run->generator(1)).defined()) {
        for (const auto& space : decoder->spaces()) spaces.push_back(space);
      }
    }
    json["spaces"] = spaces;
    json["directions"] = spaces.empty() ? 0 : kDirections;
    json["manifold"] = !spaces.empty() && shape.is_images() && model.decoder()->latent_size() == 2;
    auto answers = Json::array();
    if (shape.is_images()) {
      if (auto* translator = model.translator()) {
        for (const auto direction : translator->directions())
          answers.push_back("translate " + direction_name(direction));
      }
      if (model.reconstructor()) answers.push_back("reconstruct");
      if (model.completer()) answers.push_back("complete");
      if (model.classifier()) answers.push_back("classify");
      if (model.scorer()) answers.push_back("score");
      answers.push_back("nearest");
      if (!spaces.empty()) answers.push_back("project");
    }
    json["answers"] = answers;
    json["map"] = model.encoder() != nullptr;
    auto use = Json::array();
    for (const auto& field : one.run->recipe().fields().all()) {
      if (!field.key.starts_with("use.")) continue;
      use.push_back({{"key", field.key},
                     {"type", field.type},
                     {"value", field.get()},
                     {"help", field.help},
                     {"choices", field.choices},
                     {"low", field.low ? Json(*field.low) : Json()},
                     {"high", field.high ? Json(*field.high) : Json()}});
    }
    json["use"] = use;
    return json;
  });
}

std::string Explorer::samples(const Json& asked) {
  return worker_.run([&] {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    auto* sampler = require_capability(one.run->model().sampler(), *one.run, Capability::sampler);
    SampleRequest request{whole(asked, "count", 36, 1, kMostSamples),
                          one.run->generator(whole(asked, "seed", 1, 0, 1LL << 40))};
    const auto& shape = one.run->shape();
    if (const auto wanted = given<std::string>(asked, "class", ""); !wanted.empty()) {
      if (!sampler->conditional()) throw missing_capability(*one.run, Capability::conditional_sampler);
      const auto names = sampler->clusters() > 0 ? numbered_classes(sampler->clusters()) : shape.class_names;
      const auto numbers = class_numbers({wanted}, names, one.run->recipe().name);
      request.condition.labels = torch::full({request.count}, numbers.at(0), torch::kLong);
    }
    if (const auto wanted = given<std::string>(asked, "attributes", ""); !wanted.empty()) {
      if (!sampler->takes_attributes()) throw missing_capability(*one.run, Capability::attribute_sampler);
      request.condition.attributes =
          torch::tensor(asked_attributes(wanted, shape.attributes, one.run->recipe().name))
              .repeat({request.count, 1});
    }
    if (const auto text = given<std::string>(asked, "text", ""); !text.empty()) {
      if (!sampler->takes_captions()) throw missing_capability(*one.run, Capability::caption_sampler);
      if (unknown_words(text, shape.vocabulary).size() == words_of(text).size())
        throw usage_error("the run knows no word of this text");
      request.condition.captions = caption_tensor({text}, shape.vocabulary).repeat({request.count, 1});
    }
    return png_of(draw(*sampler, request), whole(asked, "columns", 0, 0, 100));
  });
}

std::string Explorer::decoded(const Json& asked) {
  return worker_.run([&] {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    const auto space = one.space(asked);
    const auto seeds = seeds_in(asked, "seeds");
    if (seeds.size() != 1 && seeds.size() != 4) throw usage_error("'seeds' must have one seed, or four");
    const auto side = seeds.size() == 4 ? whole(asked, "grid", 1, 1, 15) : 1;
    const auto points = one.points(space, seeds, own_[one.id]);
    Tensor point = points.narrow(0, 0, 1);
    if (seeds.size() == 4) {
      Tensor x, y;
      if (side > 1) {  // the middles of the fields of a grid
        const auto middles = (torch::arange(side) + 0.5) / side;
        x = middles.repeat({side});
        y = middles.repeat_interleave(side);
      } else {
        x = torch::full({1}, std::clamp(given<double>(asked, "x", 0), 0.0, 1.0));
        y = torch::full({1}, std::clamp(given<double>(asked, "y", 0), 0.0, 1.0));
      }
      const auto weights = torch::stack({(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y}, 1).to(points);
      point = weights.matmul(points);
      // A mean of draws from N(0, 1) is shorter than a draw.
      if (space == "z") point = point / weights.norm(2, 1, true);
    }
    const auto moves = given<std::vector<double>>(asked, "moves", {});
    if (!moves.empty()) {
      const auto& known = one.known_directions(space);
      const auto n = std::min<std::int64_t>(static_cast<std::int64_t>(moves.size()), known.axes.size(0));
      for (std::int64_t i = 0; i < n; ++i) {
        const auto far = std::clamp(moves[static_cast<std::size_t>(i)], -10.0, 10.0);
        if (far != 0) point = point + (far * known.deviations[i] * known.axes[i]).to(point.device());
      }
    }
    return png_of(one.decoder().decode_from(space, point), side);
  });
}

std::string Explorer::path(const Json& asked) {
  return worker_.run([&] {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    const auto space = one.space(asked);
    const auto seeds = seeds_in(asked, "seeds");
    if (seeds.size() < 2) throw usage_error("a path needs two seeds or more");
    const auto steps = whole(asked, "steps", 8, 2, 60);
    const bool round = given<std::string>(asked, "kind", "spherical") == "spherical";
    const auto ends = one.points(space, seeds, own_[one.id]);
    const auto weights = torch::linspace(0, 1, steps, ends.options()).unsqueeze(1);
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i + 1 < ends.size(0); ++i) {
      const auto between =
          round ? spherical_path(ends[i], ends[i + 1], weights) : linear_path(ends[i], ends[i + 1], weights);
      rows.push_back(one.decoder().decode_from(space, between));
    }
    const auto all = at::cat(rows);
    if (!given<bool>(asked, "film", false)) return png_of(all, steps);
    std::vector<Image> frames;
    for (const auto& image : to_images(all)) frames.push_back(contact_sheet({image}, 1, 0, 4));
    return encode_animation(frames, 80);
  });
}

std::string Explorer::arithmetic(const Json& asked) {
  return worker_.run([&] {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    const auto space = one.space(asked);
    std::vector<Tensor> means;
    Tensor sum;
    for (const auto& [key, sign] : {std::pair{"a", 1.0}, std::pair{"b", -1.0}, std::pair{"c", 1.0}}) {
      const auto seeds = seeds_in(asked, key);
      if (seeds.empty())
        throw usage_error(fmt::format("the group '{}' is empty", key), "drag a picture into it");
      means.push_back(one.points(space, seeds, own_[one.id]).mean(0, true));
      sum = sum.defined() ? sum + sign * means.back() : means.back();
    }
    means.push_back(sum);
    return png_of(one.decoder().decode_from(space, at::cat(means)), 4);
  });
}

std::string Explorer::manifold(const Json& asked) {
  return worker_.run([&] {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    constexpr std::int64_t rows = 15;
    return png_of(decoded_manifold(one.decoder(), rows, one.run->device()), rows);
  });
}

Json Explorer::answer(const Json& asked) {
  return worker_.run([&]() -> Json {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    auto& model = one.run->model();
    const auto& shape = one.run->shape();
    const auto what = given<std::string>(asked, "what", "");
    const bool back = what == "translate b2a";
    const auto x = one.picture(asked, back && !shape.others.empty() ? shape.others[0] : shape);
    const auto shown = [&](const Tensor& made) -> Json {
      return {{"picture", encode_base64(png_of(made.clamp(-1, 1), 1))},
              {"seen", encode_base64(png_of(x, 1))}};
    };
    if (what == "translate a2b" || back) {
      auto* translator = require_capability(model.translator(), *one.run, Capability::translator);
      const auto direction = back ? Direction::b2a : Direction::a2b;
      if (!translator->knows(direction)) throw usage_error("the run does not translate in this direction");
      return shown(translator->translate(x, direction));
    }
    if (what == "reconstruct")
      return shown(
          require_capability(model.reconstructor(), *one.run, Capability::reconstructor)->reconstruct(x));
    if (what == "complete") {
      auto* completer = require_capability(model.completer(), *one.run, Capability::completer);
      Tensor known;
      if (const auto mask = decode_base64(given<std::string>(asked, "hole", "")); mask && !mask->empty()) {
        // White where the picture is to be filled.
        auto hole = resize(convert_channels(decode_image(*mask, "the hole"), 1),
                           static_cast<int>(shape.width), static_cast<int>(shape.height));
        known = (image_tensor(hole).unsqueeze(0) < 128).to(torch::kFloat);
      } else {
        known = nn::centre_known(shape.height, shape.width).view({1, 1, shape.height, shape.width});
      }
      if (!completer->any_region()) {  // only upper rows can be known
        const auto whole_rows = known.amin({1, 3}).flatten();
        const auto first = (whole_rows < 0.5).to(torch::kLong).argmax(0).item<std::int64_t>();
        known = (torch::arange(shape.height) < first)
                    .to(torch::kFloat)
                    .view({1, 1, -1, 1})
                    .expand({1, 1, shape.height, shape.width});
      }
      const auto mask = known.contiguous().to(x.device());
      auto made =
          completer->complete(x, mask, {1, one.run->generator(whole(asked, "seed", 1, 0, 1LL << 40))});
      return {{"picture", encode_base64(png_of(made, 1))},
              {"seen", encode_base64(png_of(x * mask - (1 - mask), 1))}};
    }
    if (what == "classify") {
      auto* classifier = require_capability(model.classifier(), *one.run, Capability::classifier);
      const auto shares = classifier->classify(x).softmax(1)[0].cpu().to(torch::kDouble);
      const auto names = classifier->supervised() && !shape.class_names.empty()
                             ? shape.class_names
                             : numbered_classes(classifier->classes());
      auto values = Json::array();
      for (std::int64_t k = 0; k < shares.size(0); ++k)
        values.push_back({names[static_cast<std::size_t>(k)], shares[k].item<double>()});
      return {{"values", values}, {"seen", encode_base64(png_of(x, 1))}};
    }
    if (what == "score") {
      auto* scorer = require_capability(model.scorer(), *one.run, Capability::scorer);
      return {
          {"values", Json::array({Json::array({scorer->score_name(), scorer->score(x)[0].item<double>()})})},
          {"seen", encode_base64(png_of(x, 1))}};
    }
    if (what == "nearest") {
      if (!one.training.defined()) {
        const auto set = load_dataset(one.run->recipe().data, Split::train);
        one.training = data_tensor(set).narrow(0, 0, std::min<std::int64_t>(5000, set.count));
      }
      Tensor distances;
      if (auto* encoder = model.encoder()) {
        const auto codes = in_batches(*one.run, one.training,
                                      [&](const Tensor& y) { return encoder->encode(y).flatten(1); });
        distances =
            at::cdist(encoder->encode(x).flatten(1).cpu().to(torch::kFloat), codes.to(torch::kFloat))[0];
      } else if (model.matcher()) {
        distances = -in_batches(*one.run, one.training, [&](const Tensor& y) {
          return model.matcher()->similarity(x.expand(y.sizes()), y);
        });
      } else {
        distances = in_batches(*one.run, one.training,
                               [&](const Tensor& y) { return (y - x).square().flatten(1).mean(1); });
      }
      const auto order =
          std::get<1>(distances.topk(std::min<std::int64_t>(8, distances.size(0)), 0, /*largest=*/false));
      return {{"picture", encode_base64(png_of(to_model_range(one.training.index_select(0, order)), 8))},
              {"seen", encode_base64(png_of(x, 1))}};
    }
    if (what == "project") {
      auto& decoder = one.decoder();
      const auto space = decoder.spaces().back();
      return shown(decoder.decode_from(
          space,
          find_latents(decoder, x, {.space = space, .draws = 300, .steps = 100}, one.run->generator(1), {})));
    }
    throw usage_error(fmt::format("'{}' is nothing that a picture can be asked", what));
  });
}

Json Explorer::keep_picture(const Json& asked) {
  return worker_.run([&]() -> Json {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    const auto space = one.space(asked);
    const auto x = one.picture(asked, one.run->shape());
    auto& own = own_[one.id];
    if (own.size() >= static_cast<std::size_t>(kMostSeeds))
      throw usage_error("the studio keeps at most 64 pictures of a run");
    own.push_back({space, one.latent_of(x, space)});
    return {
        {"seed", -static_cast<std::int64_t>(own.size())},
        {"picture", encode_base64(png_of(
                        at::cat({x, one.decoder().decode_from(space, own.back().point)}).clamp(-1, 1), 2))}};
  });
}

Json Explorer::map(const Json& asked) {
  return worker_.run([&]() -> Json {
    auto& one = opened(given<std::string>(asked, "run", ""), asked);
    one.check_images();
    if (one.map) return *one.map;
    auto* encoder = require_capability(one.run->model().encoder(), *one.run, Capability::encoder);
    auto set = load_dataset(one.run->recipe().data, Split::test);
    const auto n = std::min(kMapped, set.count);
    if (n < 4) throw data_error("a map needs at least 4 test images");
    const auto pick = torch::randperm(set.count, one.run->generator(1), torch::kLong).narrow(0, 0, n);
    const auto images = data_tensor(set).index_select(0, pick);
    auto codes = in_batches(*one.run, images, [&](const Tensor& x) { return encoder->encode(x).flatten(1); });
    std::string how = "codes as they are";
    if (codes.size(1) > 2) {
      codes = tsne(codes, {.perplexity = std::min(30.0, static_cast<double>(n) / 4)}).points;
      how = "codes by t-SNE";
    }
    if (codes.size(1) == 1) codes = at::cat({codes, torch::zeros_like(codes)}, 1);
    codes = codes.to(torch::kDouble).contiguous();
    const auto labels = set.labels.empty() ? Tensor() : torch::tensor(set.labels).index_select(0, pick);
    const auto values_of = [&](const Tensor& each) {
      auto list = Json::array();
      for (std::int64_t i = 0; i < n; ++i) {
        const double value = each[i].item<double>();
        list.push_back(std::isfinite(value) ? Json(value) : Json());
      }
      return list;
    };
    auto values = Json::object();
    if (auto* reconstructor = one.run->model().reconstructor()) {
      values["reconstruction error"] = values_of(in_batches(*one.run, images, [&](const Tensor& x) {
        return (reconstructor->reconstruct(x) - x).square().flatten(1).mean(1);
      }));
    }
    if (auto* scorer = one.run->model().scorer())
      values[scorer->score_name()] =
          values_of(in_batches(*one.run, images, [&](const Tensor& x) { return scorer->score(x); }));
    auto points = Json::array();
    for (std::int64_t i = 0; i < n; ++i) {
      points.push_back({codes[i][0].item<double>(), codes[i][1].item<double>(),
                        labels.defined() ? labels[i].item<std::int64_t>() : 0});
    }
    const auto side = std::min(kSprite, std::max(images.size(2), images.size(3)));
    std::vector<Image> tiles;
    for (auto& image : to_images(to_model_range(images)))
      tiles.push_back(resize(convert_channels(image, 3), static_cast<int>(side), static_cast<int>(side)));
    constexpr int columns = 25;
    one.map = Json{{"points", points},
                   {"classes", set.class_names},
                   {"values", values},
                   {"how", how},
                   {"side", side},
                   {"columns", columns},
                   {"sheet", encode_base64(encode_png(contact_sheet(tiles, columns, 0, 1)))}};
    return *one.map;
  });
}

}  // namespace belamy::studio
