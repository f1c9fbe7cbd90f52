#include "train/model_state.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "belamy/error.h"
#include "belamy/group.h"

#include "core/text.h"
#include "store/known_networks.h"
#include "tensors/arrays.h"

namespace belamy {
namespace {

const char* kAnotherVersion =
    "train the run again: the file was changed, or written by another version of Belamy";

// A list of names as text. Bytes that are not UTF-8 are replaced: the files of some data sets have
// such names.
std::string text_of(const std::vector<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add_shape(StringMap& meta, const std::string& prefix, const DataShape& shape) {
  meta[prefix + "channels"] = std::to_string(shape.channels);
  meta[prefix + "height"] = std::to_string(shape.height);
  meta[prefix + "width"] = std::to_string(shape.width);
  meta[prefix + "dimension"] = std::to_string(shape.dimension);
  meta[prefix + "classes"] = std::to_string(shape.classes);
  meta[prefix + "count"] = std::to_string(shape.count);
  if (shape.classes > 0) meta[prefix + "class_names"] = text_of(shape.class_names);
  if (!shape.attributes.empty()) meta[prefix + "attributes"] = text_of(shape.attributes);
  if (!shape.vocabulary.empty()) meta[prefix + "vocabulary"] = text_of(shape.vocabulary);
}

// The keys of further domains begin with the number of the domain: "1.channels".
std::string domain_prefix(std::size_t number) {
  return std::to_string(number) + ".";
}

Relation relation_of(const StringMap& metadata, bool has_others) {
  if (!has_others) return Relation::none;
  const auto name = metadata.find("relation");
  for (const auto relation : {Relation::pairs, Relation::domains, Relation::matches}) {
    if (name != metadata.end() && name->second == relation_name(relation)) return relation;
  }
  // Earlier versions stored only whether the data were paired, and stored matches as pairs.
  const auto paired = metadata.find("paired");
  return paired != metadata.end() && paired->second == "1" ? Relation::pairs : Relation::domains;
}

// A list of names; empty if there is none.
std::vector<std::string> names_in(const StringMap& metadata, const std::string& key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  const auto json = nlohmann::json::parse(found->second, nullptr, false);
  const auto is_text = [](const auto& name) { return name.is_string(); };
  const bool good = json.is_array() && std::all_of(json.begin(), json.end(), is_text);
  return good ? json.get<std::vector<std::string>>() : std::vector<std::string>();
}

// Checkpoints of earlier versions have no class names: numbers replace them.
std::vector<std::string> class_names_in(const StringMap& metadata, const std::string& prefix,
                                        std::int64_t classes) {
  auto names = names_in(metadata, prefix + "class_names");
  for (auto k = static_cast<std::int64_t>(names.size()); k < classes; ++k) names.push_back(std::to_string(k));
  return names;
}

}  // namespace

std::int64_t count_in(const StringMap& metadata, const std::string& key, const std::string& origin) {
  const auto found = metadata.find(key);
  const auto count = found == metadata.end() ? std::nullopt : number_in<std::int64_t>(found->second);
  if (!count || *count < 0) {
    throw storage_error(
        fmt::format("{}: not a checkpoint of Belamy: its metadata has no number '{}'", origin, key));
  }
  return *count;
}

std::map<std::string, PlayerOptions> players_in(const Recipe& recipe, const StageOptions& stage) {
  auto players = recipe.players;
  Fields fields;
  for (auto& [name, options] : players) {
    fields.group("optimizer." + name, [&options = options](Fields& f) { options.fields(f); });
  }
  for (const auto& setting : stage.settings) fields.set_text(setting);
  return players;
}

ModelState::ModelState(const Recipe& recipe, const DataShape& shape, torch::Device device,
                       ParentModels parents)
    : model_name_(recipe.model->name), shape_(shape), parents_(std::move(parents)) {
  const auto& info = *recipe.model;
  generator_ = at::globalContext().defaultGenerator(device).clone();
  generator_.set_current_seed(static_cast<std::uint64_t>(recipe.train.seed));
  model_ = info.make(shape, *recipe.config, generator_, models_of(parents_));
  keep_with(*model_, parents_);
  model_->to(device);
  for (const auto& player : model_->players()) {
    players_.push_back(std::make_unique<PlayerState>(player, recipe.players.at(player.kind)));
  }
  // Allocates the moments and averages of all stages, so that all checkpoints of a run hold the same arrays.
  for (const auto& stage : recipe.stages) set_options(players_in(recipe, stage));
  set_options(recipe.players);
}

void ModelState::set_options(const std::map<std::string, PlayerOptions>& options) {
  for (const auto& player : players_) player->set_options(options.at(player->kind()));
}

PlayerState& ModelState::player(std::string_view name) const {
  for (const auto& player : players_) {
    if (player->name() == name) return *player;
  }
  throw std::logic_error(fmt::format("{} has no player '{}'", model_name_, name));
}

std::vector<std::pair<std::string, Tensor>> ModelState::tensors() const {
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& item : model_->named_parameters()) all.emplace_back("model/" + item.key(), item.value());
  for (const auto& item : model_->named_buffers()) all.emplace_back("buffer/" + item.key(), item.value());
  for (const auto& player : players_) {
    for (auto& [name, tensor] : player->state()) all.emplace_back(name, tensor);
  }
  return all;
}

namespace {

bool contains(const std::vector<Tensor>& some, const Tensor& tensor) {
  return std::any_of(some.begin(), some.end(), [&](const Tensor& each) { return each.is_same(tensor); });
}

using BuffersOf = std::vector<Tensor> (ProcessBuffers::*)() const;

std::vector<Tensor> declared(const Model& model, BuffersOf buffers) {
  std::vector<Tensor> all;
  for (const auto& module : model.modules()) {
    if (const auto* declares = dynamic_cast<const ProcessBuffers*>(module.get()); declares) {
      for (const auto& tensor : (declares->*buffers)()) {
        if (tensor.defined()) all.push_back(tensor);
      }
    }
  }
  return all;
}

}  // namespace

std::vector<Tensor> ModelState::common_tensors() const {
  const auto own = declared(*model_, &ProcessBuffers::own_buffers);
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : tensors()) {
    if (!contains(own, tensor)) all.push_back(tensor);
  }
  return all;
}

std::vector<std::pair<std::string, Tensor>> ModelState::own_tensors() const {
  const auto own = declared(*model_, &ProcessBuffers::own_buffers);
  std::vector<std::pair<std::string, Tensor>> all = {{generator_name, generator_.get_state()}};
  for (const auto& [name, tensor] : tensors()) {
    if (contains(own, tensor)) all.emplace_back(name, tensor);
  }
  return all;
}

void ModelState::set_own(const std::string& name, const Tensor& value) {
  const torch::NoGradGuard no_grad;
  if (name == generator_name) return generator_.set_state(value.cpu().clone());
  for (const auto& [own, tensor] : own_tensors()) {
    if (own == name) tensor.copy_(value);
  }
}

std::vector<Tensor> ModelState::shared_means() const {
  auto means = declared(*model_, &ProcessBuffers::shared_means);
  for (const auto& item : model_->named_buffers()) {
    const auto last = item.key().substr(item.key().rfind('.') + 1);
    if (last == "running_mean" || last == "running_var") means.push_back(item.value());
  }
  return means;
}

std::string ProcessName::text() const {
  return fmt::format("process-{}/{}", rank, name);
}

std::optional<ProcessName> ProcessName::parse(const std::string& text) {
  constexpr std::string_view begin = "process-";
  const auto slash = text.find('/');
  if (text.rfind(begin, 0) != 0 || slash == std::string::npos) return std::nullopt;
  const auto rank = number_in<std::size_t>(text.substr(begin.size(), slash - begin.size()));
  if (!rank || *rank < 1 || *rank > 100'000) return std::nullopt;
  return ProcessName{*rank, text.substr(slash + 1)};
}

Snapshot ModelState::save() const {
  Snapshot snapshot;
  for (const auto& [name, tensor] : tensors()) snapshot.add(name, tensor);
  snapshot.add(generator_name, generator_.get_state());
  auto& meta = snapshot.metadata;
  meta["format"] = "belamy-checkpoint-2";
  meta["model"] = model_name_;
  write_shape(meta, shape_);
  for (const auto& [name, parent] : parents_) {
    for (const auto& [key, value] : parent.facts) meta[fmt::format("from.{}.{}", name, key)] = value;
  }
  for (const auto& player : players_) meta["updates." + player->name()] = std::to_string(player->updates());
  return snapshot;
}

std::shared_ptr<Model> ModelState::release() {
  for (const auto& player : players_) player->adopt_average();
  for (auto& parameter : model_->parameters()) parameter.set_requires_grad(false);
  model_->eval();
  return std::move(model_);
}

void ModelState::write_shape(StringMap& metadata, const DataShape& shape) {
  add_shape(metadata, "", shape);
  for (std::size_t i = 0; i < shape.others.size(); ++i)
    add_shape(metadata, domain_prefix(i + 1), shape.others[i]);
  metadata["relation"] = relation_name(shape.relation);
}

DataShape ModelState::shape_in(const StringMap& metadata, const std::string& origin) {
  const auto read = [&](const std::string& prefix) -> DataShape {
    const auto number = [&](const char* key) { return count_in(metadata, prefix + key, origin); };
    return {.channels = number("channels"),
            .height = number("height"),
            .width = number("width"),
            .dimension = number("dimension"),
            .classes = number("classes"),
            .count = number("count"),
            .class_names = class_names_in(metadata, prefix, number("classes")),
            .attributes = names_in(metadata, prefix + "attributes"),
            .vocabulary = names_in(metadata, prefix + "vocabulary")};
  };
  auto shape = read("");
  for (std::size_t i = 1; metadata.count(domain_prefix(i) + "channels"); ++i)
    shape.others.push_back(read(domain_prefix(i)));
  shape.relation = relation_of(metadata, !shape.others.empty());
  return shape;
}

void ModelState::load(const Safetensors& file, const std::string& origin) {
  load(file, origin, true);
}

void ModelState::load_weights(const Safetensors& file, const std::string& origin) {
  load(file, origin, false);
}

namespace {

// Earlier versions stored the memory of past samples under other names. Such a run is opened without it, and
// fills a new one when it is resumed.
bool is_former_memory(const std::string& name) {
  constexpr const char* beginnings[] = {"buffer/pool_a.", "buffer/pool_b.", "buffer/history.",
                                        "buffer/replay"};
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [&](const char* beginning) { return name.rfind(beginning, 0) == 0; });
}

}  // namespace

void ModelState::load(const Safetensors& file, const std::string& origin, bool with_generator) {
  const torch::NoGradGuard no_grad;
  const auto model = file.metadata.find("model");
  if (model == file.metadata.end() || model->second != model_name_) {
    const auto found =
        model == file.metadata.end() ? std::string("names no model") : "holds the model " + model->second;
    throw storage_error(fmt::format("{}: {}, but the settings name {}", origin, found, model_name_),
                        "use a resolved.toml and checkpoints that belong together");
  }
  // Everything is checked before anything is changed.
  const auto format = file.metadata.find("format");
  const bool former = format != file.metadata.end() && format->second == "belamy-checkpoint-1";
  std::set<std::string> known = {generator_name};
  std::vector<std::pair<Tensor, Tensor>> copies;
  for (const auto& [name, tensor] : tensors()) {
    known.insert(name);
    const auto found = file.arrays.find(name);
    if (former && is_former_memory(name)) continue;
    if (found == file.arrays.end())
      throw storage_error(fmt::format("{}: '{}' is missing", origin, name), kAnotherVersion);
    const auto stored = array_tensor(found->second);
    if (stored.sizes() != tensor.sizes() || stored.scalar_type() != tensor.scalar_type()) {
      throw storage_error(fmt::format("{}: '{}' is {} {}, but these settings need {} {}", origin, name,
                                      toString(stored.scalar_type()), shape_text(stored.sizes().vec()),
                                      toString(tensor.scalar_type()), shape_text(tensor.sizes().vec())),
                          "use the settings of the run that wrote it");
    }
    if (stored.is_floating_point() && !torch::isfinite(stored).all().item<bool>()) {
      throw storage_error(fmt::format("{}: '{}' holds a value that is not finite", origin, name),
                          "remove this checkpoint, so that the one before it is used");
    }
    copies.emplace_back(tensor, stored);
  }
  for (const auto& [name, array] : file.arrays) {
    if (!known.count(name) && !ProcessName::parse(name) && !(former && is_former_memory(name)))
      throw storage_error(fmt::format("{}: '{}' is not part of the model {}", origin, name, model_name_),
                          kAnotherVersion);
  }
  const auto random = file.arrays.find(generator_name);
  if (random == file.arrays.end())
    throw storage_error(fmt::format("{}: '{}' is missing", origin, generator_name), kAnotherVersion);
  const auto state = array_tensor(random->second);
  // Tried on a copy: the generator throws if the state is not of its own kind.
  try {
    if (with_generator) generator_.clone().set_state(state.clone());
  } catch (const c10::Error&) {
    throw storage_error(fmt::format("{}: '{}' is not the state of a random generator on {}", origin,
                                    generator_name, generator_.device().str()),
                        "resume on the device that wrote it");
  }
  std::vector<std::int64_t> updates;
  for (const auto& player : players_)
    updates.push_back(count_in(file.metadata, "updates." + player->name(), origin));

  for (auto& [live, stored] : copies) live.copy_(stored);
  if (with_generator) generator_.set_state(state.clone());
  for (std::size_t i = 0; i < players_.size(); ++i) players_[i]->set_updates(updates[i]);
}

ModelState::Evaluation::Evaluation(ModelState& state) : state_(state) {
  state_.model().eval();
  for (auto& player : state_.players()) averaged_.push_back(std::make_unique<PlayerState::Averaged>(*player));
}

ModelState::Evaluation::~Evaluation() {
  averaged_.clear();
  state_.model().train();
}

}  // namespace belamy
