// A model is a game between players. It owns its networks, declares who is optimised together, and its `step`
// reads like the algorithm box of its paper; every update goes through the StepContext.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <torch/nn/module.h>
#include <type_traits>
#include <vector>

#include "belamy/capabilities.h"
#include "belamy/options.h"

namespace belamy {

class Recipe;

/// How the examples of a data set belong together.
enum class Relation {
  none,     ///< one set
  pairs,    ///< A and B; datum i of A belongs to datum i of B
  domains,  ///< A and B, each in an order of its own
  matches   ///< one labelled set; a batch holds pairs of it, of the same class or of two
};
const char* relation_name(Relation relation);

/// What a data set looks like to a model.
struct DataShape {
  std::int64_t channels = 0, height = 0, width = 0;  ///< images
  std::int64_t dimension = 0;                        ///< points; 0 for images
  std::int64_t classes = 0;                          ///< 0 without labels
  std::int64_t count = 0;                            ///< training examples
  std::vector<std::string> class_names = {};         ///< [classes]
  std::vector<std::string> attributes = {};          ///< names of the attributes; empty without
  /// Words of the training captions by number, the most frequent first; 0 fills up and 1 is any other word.
  /// Empty without captions.
  std::vector<std::string> vocabulary = {};
  Relation relation = Relation::none;
  std::vector<DataShape> others = {};  ///< B, or the second of each match; empty where the relation is none
  /// The folder that all images lie in, where that is one and they have no classes therefore: for messages.
  std::string only_class = {};

  bool is_images() const { return dimension == 0; }
  std::int64_t values() const { return is_images() ? channels * height * width : dimension; }
  /// [n, C, H, W] or [n, D].
  std::vector<std::int64_t> sizes(std::int64_t n) const {
    return is_images() ? std::vector<std::int64_t>{n, channels, height, width}
                       : std::vector<std::int64_t>{n, dimension};
  }
};

/// Some examples of a set.
struct Examples {
  Tensor data;             ///< images [N, C, H, W] in [-1, 1], or points [N, D]
  Tensor labels;           ///< [N] int64, or undefined
  Tensor indices;          ///< [N] int64, places in the training set
  Tensor attributes = {};  ///< [N, A] float, usually 0 or 1, or undefined
  Tensor captions = {};    ///< [N, L] int64, words by their number in the vocabulary, or undefined

  std::int64_t size() const { return data.size(0); }
};

/// One step's data.
struct Batch : Examples {
  /// By the data's relation. Pairs: the other side of each. Domains: examples of B, without labels. Matches:
  /// the second of each. None: nothing is defined.
  Examples partner;
  /// With data.labelled: examples whose labels are known, as many as the batch has; its own labels,
  /// attributes and captions are then undefined.
  Examples labelled;
};

/// Where a player's optimiser stands: tensors in the shapes and order of its parameters, live; empty where
/// the rule keeps none.
struct OptimizerState {
  std::vector<Tensor> first, second;
  std::int64_t updates = 0;
  double rate = 0;  ///< the learning rate of the present step, schedule and warm-up included
};

/// A model's view of the running training. Nothing in it waits for the device.
class StepContext {
 public:
  virtual ~StepContext() = default;

  /// Descends `loss` (a scalar) with respect to the player's parameters only: gradients, mixed-precision
  /// scaling, all-reduce, guard against NaN, clipping, optimiser step, schedule, weight average. No other
  /// player's gradient is computed. `keep_graph` lets a second update use the same forward pass.
  virtual void update(std::string_view player, const Tensor& loss, bool keep_graph = false) = 0;
  /// The same for several players who descend one loss: one backward pass for all of them.
  virtual void update_together(const std::vector<std::string>& players, const Tensor& loss) = 0;
  /// The same for a model that knows its gradients: one tensor for each of the player's parameters, in their
  /// order, pointing uphill as autograd's would.
  virtual void apply(std::string_view player, const std::vector<Tensor>& gradients) = 0;

  /// Reports a scalar under a name such as "loss/generator"; it stays on the device until a line is due.
  virtual void record(const std::string& name, const Tensor& value) = 0;

  virtual std::int64_t step() const = 0;  ///< 0, 1, ... over the whole run
  virtual std::int64_t total_steps() const = 0;
  virtual const std::string& stage() const = 0;  ///< name of the present [[stage]], "main" without stages
  virtual std::int64_t stage_step() const = 0;   ///< 0, 1, ... inside the stage
  virtual std::int64_t stage_steps() const = 0;  ///< the stage's length
  virtual const PlayerOptions& options(std::string_view player) const = 0;
  /// For models that look ahead through a player's optimiser.
  virtual OptimizerState optimizer_state(std::string_view player) const = 0;

  /// The one source of random numbers of a run; saved in checkpoints.
  virtual at::Generator generator() = 0;
  virtual torch::Device device() const = 0;

  /// True every `interval`-th step: for lazy regularisers, which scale themselves by `interval`.
  bool every(std::int64_t interval) const { return step() % interval == 0; }
  Tensor normal(at::IntArrayRef shape) {
    return torch::randn(shape, generator(), torch::TensorOptions().device(device()));
  }
  Tensor uniform(at::IntArrayRef shape, double low = 0, double high = 1) {
    return torch::rand(shape, generator(), torch::TensorOptions().device(device()))
        .mul_(high - low)
        .add_(low);
  }
};

/// A named group of parameters that are optimised together.
struct Player {
  std::string name;  ///< "layer-2"
  std::string kind;  ///< "layer": the name in ModelInfo::players whose settings it follows
  std::vector<std::shared_ptr<torch::nn::Module>> modules;
};

/// The base of all models. Parameters and buffers are saved by name; whatever else must survive a restart (an
/// image pool, the particles of a chain) is a registered buffer of fixed shape.
class Model : public torch::nn::Module {
 public:
  /// One step of the algorithm. Reads no tensor on the host.
  virtual void step(const Batch& batch, StepContext& context) = 0;
  /// Called once before the first step of each [[stage]]; not again when a run resumes inside the stage. What
  /// it changes must be parameters or buffers.
  virtual void begin_stage(const std::string& stage) {}

  virtual Sampler* sampler() { return nullptr; }
  virtual Decoder* decoder() { return nullptr; }
  virtual Encoder* encoder() { return nullptr; }
  virtual Reconstructor* reconstructor() { return nullptr; }
  virtual Translator* translator() { return nullptr; }
  virtual Classifier* classifier() { return nullptr; }
  virtual Density* density() { return nullptr; }
  virtual Scorer* scorer() { return nullptr; }
  virtual Matcher* matcher() { return nullptr; }
  virtual Featurizer* featurizer() { return nullptr; }

  const std::vector<Player>& players() const { return players_; }

 protected:
  /// Call in the constructor, once for each name in ModelInfo::players.
  void add_player(const std::string& name, std::vector<std::shared_ptr<torch::nn::Module>> modules) {
    players_.push_back({name, name, std::move(modules)});
  }
  /// The same for a kind of which there are as many as the settings say: "layer-1", "layer-2", ...
  void add_player_of(const std::string& kind, std::size_t number,
                     std::vector<std::shared_ptr<torch::nn::Module>> modules) {
    players_.push_back({kind + "-" + std::to_string(number), kind, std::move(modules)});
  }

 private:
  std::vector<Player> players_;
};

/// What a model can do: see capabilities.def.
enum class Capability {
#define BELAMY_CAPABILITY(name, text, action, present) name,
#include "belamy/capabilities.def"
#undef BELAMY_CAPABILITY
};
/// "sampler", as `belamy models` prints it.
const char* capability_name(Capability capability);
/// "draw samples": what follows "can" or "cannot" in a message.
const char* capability_action(Capability capability);
std::vector<Capability> capabilities_of(Model& model);

/// What a model takes from another run or from a network trained elsewhere: [from] NAME = "runs/x".
struct ParentInfo {
  std::string name;  ///< "classifier": the key in [from]
  Capability needs;  ///< what the parent must be able to do
  std::string help;  ///< one line
  bool required = false;
};

/// The parents of a run by their names in [from]. They are in evaluation mode and do not move; a model uses their
/// capabilities, and gradients go through them to their inputs. A parent that was not named is not there.
using Parents = std::map<std::string, std::shared_ptr<Model>>;

/// All that is known of a model without building it.
struct ModelInfo {
  std::string name;
  std::string family;   ///< "gan", "autoencoder", ...: the folder of its recipes
  std::string summary;  ///< one line
  std::string paper;    ///< authors, title, year
  std::vector<Capability> capabilities;
  std::vector<PlayerInfo> players;
  bool images = true;   ///< takes images
  bool points = false;  ///< takes points
  /// The relation that it learns from. A model of two domains takes pairs as well.
  Relation relation = Relation::none;
  /// What it asks of the sides of images; empty: nothing. Where data.size is not set, it is chosen by this.
  std::function<ImageSides(const Recipe&)> sides;
  /// What else keeps the model from being built for this data with these settings, in words; empty: nothing.
  std::function<std::string(const DataShape&, const Recipe&)> check;
  /// What may be built but is likely to disappoint, in words: told before the training.
  std::function<std::vector<std::string>(const Recipe&)> advise;
  std::function<std::unique_ptr<ModelConfig>()> config;
  /// Builds the networks with weights drawn from `generator`.
  std::function<std::shared_ptr<Model>(const DataShape&, const ModelConfig&, at::Generator, const Parents&)>
      make;
  /// What it may take from other runs.
  std::vector<ParentInfo> parents;
  /// Settings that make it small and quick for the conformance suite: "model.width=8".
  std::vector<std::string> tiny;
  /// The names of the stages that a recipe may have beside "main", in their usual order. They may depend on
  /// data and settings: one a layer, one a resolution. Without this function the model does the same in every
  /// stage, whatever its name.
  std::function<std::vector<std::string>(const DataShape&, const ModelConfig&)> stages;
  /// Single settings that switch on what is off by default: "model.r1=1". The conformance suite runs each of
  /// them on top of `tiny`.
  std::vector<std::string> variants;
  /// The model's own changes to the settings every run has: "train.batch=128".
  std::vector<std::string> defaults;

  /// Whether the model has the capability, as it describes itself.
  bool can(Capability capability) const;
};

/// All models, by name.
const std::vector<ModelInfo>& all_models();
/// Adds a model of the caller's own. Before any recipe is read: recipes refer to what all_models() holds.
void add_model(ModelInfo info);
/// A usage error with the nearest name when there is none.
const ModelInfo& find_model(const std::string& name);

/// Ties a model class and its config into a ModelInfo: `M(const DataShape&, const C&, at::Generator)`, and
/// `const Parents&` as a fourth argument where the model takes parents.
template <class M, class C>
ModelInfo describe(ModelInfo info) {
  info.config = [] { return std::make_unique<C>(); };
  info.make = [](const DataShape& shape, const ModelConfig& config, at::Generator generator,
                 const Parents& parents) -> std::shared_ptr<Model> {
    const auto& own = static_cast<const C&>(config);
    if constexpr (std::is_constructible_v<M, const DataShape&, const C&, at::Generator, const Parents&>) {
      return std::make_shared<M>(shape, own, generator, parents);
    } else {
      return std::make_shared<M>(shape, own, generator);
    }
  };
  return info;
}

}  // namespace belamy
