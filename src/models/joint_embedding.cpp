// Joint embedding of pictures and captions: Reed, Akata, Lee & Schiele 2016 (arXiv:1605.05395).
//
//   f turns a picture into a code and g a caption; those of a pair should be alike, those of two pairs not:
//
//     hinge           mean of max(0, 1 + f(x)^T g(t') - f(x)^T g(t)) and of max(0, 1 + f(x')^T g(t) - f(x)^T g(t))
//     cross-entropy   x finds its t among the captions of the batch, and t its x, by scale cos(f(x), g(t))
//                     (Radford et al. 2021, arXiv:2103.00020, with a fixed scale)
//
//   g: the counts of the words and a hidden layer, or a recurrent network (GRU) over the words.
//
// Departures: wrong partners are all others of the batch in place of one draw; f is a small convolutional network trained
// from scratch, without classes.

#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/rnn.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/captions.h"
#include "models/shared/code_networks.h"
#include "nn/init.h"
#include "objectives/similarity.h"

namespace belamy::models {
namespace {

struct JointEmbeddingConfig : CodeConfig {
  std::string text = "words", loss = "cross-entropy";
  std::int64_t text_hidden = 256;
  double scale = 14;

  JointEmbeddingConfig() {
    network = "convolutional";
    code = 128;
  }
  void fields(Fields& f) override {
    CodeConfig::fields(f);
    f.add("text", text, std::vector<std::string>{"words", "gru"},
          "network of captions: counts of their words and a hidden layer, or a recurrent network");
    f.add("text_hidden", text_hidden, {1, 8192}, "units of its hidden layer, or of its state");
    f.add("loss", loss, std::vector<std::string>{"cross-entropy", "hinge"},
          "loss that brings the codes of pairs together");
    f.add("scale", scale, {0.1, 1000}, "cross-entropy: factor of the cosines");
  }
};

// The last state of a recurrent network over the words of captions [N, L]: [N, hidden].
class WordReader : public torch::nn::Module {
 public:
  WordReader(std::int64_t vocabulary, std::int64_t hidden) {
    words_ = register_module("words", torch::nn::Embedding(vocabulary, hidden));
    states_ =
        register_module("states", torch::nn::GRU(torch::nn::GRUOptions(hidden, hidden).batch_first(true)));
  }
  Tensor forward(const Tensor& captions) {
    const auto states = std::get<0>(states_->forward(words_->forward(captions)));  // [N, L, hidden]
    const auto last = (captions != 0).sum(1).sub(1).clamp_min(0).view({-1, 1, 1});
    return states.gather(1, last.expand({-1, 1, states.size(2)})).squeeze(1);
  }

 private:
  torch::nn::Embedding words_ = nullptr;
  torch::nn::GRU states_ = nullptr;
};

class JointEmbedding final : public Model, public Encoder, public TextEncoder {
 public:
  JointEmbedding(const DataShape& shape, const JointEmbeddingConfig& config, at::Generator generator)
      : config_(config) {
    const auto vocabulary = static_cast<std::int64_t>(shape.vocabulary.size());
    pictures_ = register_module("pictures", make_encoder(shape, config, config.code, generator));
    texts_ = register_module("texts", std::make_shared<nn::Chain>());
    if (config.text == "gru") {
      texts_->add(std::make_shared<WordReader>(vocabulary, config.text_hidden));
    } else {
      texts_->add([vocabulary](const Tensor& captions) { return word_counts(captions, vocabulary); })
          .add(std::make_shared<nn::Dense>(vocabulary - 1, config.text_hidden))
          .add(nn::activation("relu"));
    }
    texts_->add(std::make_shared<nn::Dense>(config.text_hidden, config.code));
    nn::initialise(*texts_, nn::Init::glorot, generator);
    add_player("embedding", {pictures_, texts_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto pictures = encode(batch.data), texts = encode_text(batch.captions);
    const auto loss = config_.loss == "hinge"
                          ? objectives::partner_hinge(pictures, texts)
                          : objectives::partner_cross_entropy(pictures, texts, config_.scale);
    context.update("embedding", loss);
    context.record("loss/embedding", loss);
    const auto found = at::mm(pictures, texts.t()).argmax(1);
    const auto own = torch::arange(batch.size(), found.options());
    context.record("share/own-caption", (found == own).to(torch::kFloat).mean());
  }

  Encoder* encoder() override { return this; }
  std::int64_t code_size() const override { return config_.code; }
  /// Of length 1.
  Tensor encode(const Tensor& data) override { return of_length_one(pictures_->forward(data)); }
  TextEncoder* text_encoder() override { return this; }
  std::int64_t text_code_size() const override { return config_.code; }
  Tensor encode_text(const Tensor& captions) override { return of_length_one(texts_->forward(captions)); }

 private:
  // With the hinge codes keep their length.
  Tensor of_length_one(const Tensor& codes) const {
    if (config_.loss == "hinge") return codes;
    return codes / codes.norm(2, 1, /*keepdim=*/true).clamp_min(1e-6);
  }

  const JointEmbeddingConfig config_;
  std::shared_ptr<nn::Chain> pictures_, texts_;
};

Fault check_joint_embedding(const DataShape& shape, const Recipe& recipe) {
  if (auto wrong = check_captions(shape, recipe)) return wrong;
  return check_code_networks(shape, *recipe.config);
}

}  // namespace

ModelInfo joint_embedding() {
  return describe<JointEmbedding, JointEmbeddingConfig>({
      .name = "joint-embedding",
      .family = "siamese",
      .summary = "codes of pictures and of captions in one space; a picture's is close to its caption's",
      .paper = "Reed, Akata, Lee & Schiele, Learning Deep Representations of Fine-grained Visual "
               "Descriptions, CVPR 2016",
      .capabilities = {Capability::encoder, Capability::text_encoder},
      .players = {{"embedding", {.lr = 1e-3}}},
      .sides = code_sides,
      .check = check_joint_embedding,
      .tiny = {"model.width=4", "model.code=16", "model.text_hidden=16"},
      .variants = {"model.text=gru", "model.loss=hinge", "model.network=fully-connected"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
