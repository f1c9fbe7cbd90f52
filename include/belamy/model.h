// The interface of models. A model owns its networks and declares its players, the groups of parameters that
// are optimised together. Its `step` reads like the algorithm box of its paper; every update goes through
// the StepContext.
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
  domains,  ///< A and B, whose examples do not correspond
  matches   ///< one labelled set; a batch holds pairs of it, some of one class and some of two
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
  /// The words of captions by number: 0 is padding, 1 an unknown word, then the words of the training
  /// captions, the most frequent first. Empty without captions.
  std::vector<std::string> vocabulary = {};
  Relation relation = Relation::none;
  std::vector<DataShape> others = {};  ///< B, or the second of each match; empty if the relation is none
  /// For messages: the name of the folder if all images are in one, so that they have no classes; else empty.
  std::string only_class = {};

  bool is_images() const { return dimension == 0; }
  std::int64_t values() const { return is_images() ? channels * height * width : dimension; }
  /// [n, C, H, W] or [n, D].
  std::vector<std::int64_t> sizes(std::int64_t n) const {
    return is_images() ? std::vector<std::int64_t>{n, channels, height, width}
                       : std::vector<std::int64_t>{n, dimension};
  }
};

/// Some examples of a set; all tensors are on the run's device.
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
  /// Depends on the data's relation. Pairs: the other side of each. Domains: examples of B, without labels.
  /// Matches: the second of each match. None: nothing is defined.
  Examples partner;
  /// With data.labelled: examples whose labels are known, as many as the batch has; its own labels,
  /// attributes and captions are then undefined.
  Examples labelled;
};

/// The state of a player's optimiser.
struct OptimizerState {
  /// First moments (Adam) or momentum (SGD), and second moments (Adam, RMSprop): one tensor for each
  /// parameter, views of the optimiser's own memory. Empty if the rule keeps none.
  std::vector<Tensor> first, second;
  std::int64_t updates = 0;
  double rate = 0;  ///< the learning rate of the present step, schedule and warm-up included
};

/// A model's view of the running training. None of its functions waits for a GPU.
class StepContext {
 public:
  virtual ~StepContext() = default;

  /// Makes one step of the player's optimiser down `loss` (a scalar): computes the gradient of its parameters
  /// only, checks loss and gradient, clips, applies the learning rate with its schedule and warm-up, and
  /// updates the average of the weights. `keep_graph` lets a second update use the same forward pass.
  ///
  /// A loss or gradient that is not finite is a diverged error. On the CPU it is thrown before a parameter
  /// changes. On a GPU a player whose gradient is not finite is not updated, and the training throws the
  /// error when it writes the next line of the log or a checkpoint.
  virtual void update(std::string_view player, const Tensor& loss, bool keep_graph = false) = 0;
  /// The same for several players that share one loss, with one backward pass. All gradients are checked
  /// before the first player is updated.
  virtual void update_together(const std::vector<std::string>& players, const Tensor& loss) = 0;
  /// The same for a model that computes its gradients itself: one tensor for each of the player's parameters,
  /// in their order, pointing uphill as autograd's do. An undefined tensor counts as a gradient of zero.
  virtual void apply(std::string_view player, const std::vector<Tensor>& gradients) = 0;

  /// Reports a scalar for the log, whose lines hold the mean of what was recorded since the previous line. It
  /// stays on the device until then. The part of the name before the slash is the chart that shows it. Some
  /// names have a meaning: the progress line prints "loss/...", which is also the first chart; "belief/real"
  /// and "belief/fake", the discriminator's mean belief in data and in samples, raise the alarm when it
  /// always wins; "gradient/PLAYER" is recorded by every update and must not be used.
  virtual void record(const std::string& name, const Tensor& value) = 0;

  virtual std::int64_t step() const = 0;  ///< 0, 1, ... over the whole run
  virtual std::int64_t total_steps() const = 0;
  virtual const std::string& stage() const = 0;  ///< name of the current [[stage]]; "main" without stages
  virtual std::int64_t stage_step() const = 0;   ///< 0, 1, ... inside the stage
  virtual std::int64_t stage_steps() const = 0;  ///< the stage's length
  virtual const PlayerOptions& options(std::string_view player) const = 0;
  /// For models that differentiate through steps of a player's optimiser.
  virtual OptimizerState optimizer_state(std::string_view player) const = 0;

  /// The only source of random numbers in a step, on the run's device; checkpoints hold its state.
  virtual at::Generator generator() = 0;
  virtual torch::Device device() const = 0;

  /// True every `interval`-th step. For lazy regularisers, which multiply their term by `interval`.
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
  std::string kind;  ///< "layer": the name in ModelInfo::players, which has its settings
  std::vector<std::shared_ptr<torch::nn::Module>> modules;
};

/// The base of all models. Checkpoints hold parameters and buffers by name. Whatever else must survive a
/// restart (an image pool, the particles of a chain) must be a registered buffer of fixed shape.
class Model : public torch::nn::Module {
 public:
  /// One step of the algorithm. Must not read values of tensors on the host, which would wait for the device.
  virtual void step(const Batch& batch, StepContext& context) = 0;
  /// Called once before the first step of each [[stage]], just before all optimisers start afresh; not called
  /// when a run resumes inside the stage. It may change parameters and buffers only.
  virtual void begin_stage(const std::string& stage) {}

  // Capabilities: null if the model does not have one.
  virtual Sampler* sampler() { return nullptr; }
  virtual Decoder* decoder() { return nullptr; }
  virtual Encoder* encoder() { return nullptr; }
  virtual TextEncoder* text_encoder() { return nullptr; }
  virtual Reconstructor* reconstructor() { return nullptr; }
  virtual Completer* completer() { return nullptr; }
  virtual Translator* translator() { return nullptr; }
  virtual Classifier* classifier() { return nullptr; }
  virtual Localiser* localiser() { return nullptr; }
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
  /// The same for a kind whose number depends on the settings: "layer-1", "layer-2", ...
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
/// "draw samples": what follows "can" or "cannot" in messages.
const char* capability_action(Capability capability);
std::vector<Capability> capabilities_of(Model& model);

/// What a model takes from another run or from a network trained elsewhere: [from] NAME = "runs/x".
struct ParentInfo {
  std::string name;  ///< "classifier": the key in [from]
  Capability needs;  ///< what the parent must be able to do
  std::string help;  ///< one line
  bool required = false;
};

/// The parents of a run by their names in [from]; a parent that was not named has no entry. They are in
/// evaluation mode. A model uses their capabilities, and gradients flow through them to their inputs. They are
/// trained only where the model gives parameters of theirs to a player; they are copies that belong to the run.
using Parents = std::map<std::string, std::shared_ptr<Model>>;

/// Why a model cannot be built for some data with some settings.
struct Fault {
  std::string what = {};               ///< "clipping would undo spectral norm"; empty: no fault
  std::vector<std::string> cure = {};  ///< settings that correct it: "model.clip_weights=0"

  explicit operator bool() const { return !what.empty(); }
};

/// What is known of a model before it is built.
struct ModelInfo {
  std::string name;
  std::string family;   ///< "gan", "autoencoder", ...: the folder of its recipes
  std::string summary;  ///< one line
  std::string paper;    ///< authors, title, year
  std::vector<Capability> capabilities;
  std::vector<PlayerInfo> players;
  bool images = true;   ///< takes images
  bool points = false;  ///< takes points
  /// The relation that it learns from. A model for `domains` accepts `pairs` as well.
  Relation relation = Relation::none;
  /// Its requirements on the sides of images; without this function: none. If data.size is not set, a size
  /// that meets them is chosen.
  std::function<ImageSides(const Recipe&)> sides;
  /// Any further reason why it cannot be built for these data with these settings; an empty Fault if it can.
  std::function<Fault(const DataShape&, const Recipe&)> check;
  /// Warnings about settings that are allowed but likely to disappoint, shown before the training starts.
  std::function<std::vector<std::string>(const Recipe&)> advise;
  std::function<std::unique_ptr<ModelConfig>()> config;
  /// Builds the networks with weights drawn from `generator`.
  std::function<std::shared_ptr<Model>(const DataShape&, const ModelConfig&, at::Generator, const Parents&)>
      make;
  /// What it may take from other runs.
  std::vector<ParentInfo> parents;
  /// Settings that make it small and fast for the conformance suite: "model.width=8".
  std::vector<std::string> tiny;
  /// The names of the stages that a recipe may have beside "main", in their usual order. They may depend on
  /// data and settings: one for each layer or resolution. Without this function stages may have any name, and
  /// the model does the same in all of them.
  std::function<std::vector<std::string>(const DataShape&, const ModelConfig&)> stages;
  /// Single settings that change what the model does: "model.r1=1". The conformance suite runs each of them
  /// on top of `tiny`.
  std::vector<std::string> variants;
  /// Its defaults for settings that every run has, if they differ from Belamy's: "train.batch=128".
  std::vector<std::string> defaults;

  /// Whether `capabilities` contains the capability.
  bool can(Capability capability) const;
};

/// All models, by name.
const std::vector<ModelInfo>& all_models();
/// Adds a model of the caller. Call it before any recipe is read, because recipes point into all_models().
/// Throws a usage error if the name is taken.
void add_model(ModelInfo info);
/// Throws a usage error that suggests the nearest name if there is no such model.
const ModelInfo& find_model(const std::string& name);

/// Adds model class M and config class C to a ModelInfo. The constructor of M takes (const DataShape&, const
/// C&, at::Generator), and const Parents& as a fourth argument if the model takes parents.
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
