// The adversarial objectives: the losses of discriminator and generator, on logits. Pure functions.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// The discriminator's targets for data and samples: 1 and 0, or others with label smoothing (one-sided: 0.9
/// and 0, Salimans et al. 2016, section 3.4).
struct Labels {
  double real = 1;
  double fake = 0;
};

/// Both players minimise. t is the discriminator's output, D = sigmoid(t); outputs of any shape, mean
/// over all.
///
/// With the cross-entropy L_D = -E log D(x) - E log(1 - D(G(z))) the generator's loss is
///
///   minimax             E log(1 - D(G(z)))                        Goodfellow et al. 2014, eq. 1
///   non-saturating      -E log D(G(z))                            Goodfellow et al. 2014, section 3
///   log-ratio           E log((1 - D(G(z))) / D(G(z))) = -E t     Arjovsky & Bottou 2017; at D*: KL(p_g | p_d)
///   maximum-likelihood  -E D(G(z)) / (1 - D(G(z))) = -E exp(t)    Goodfellow 2014b; at D*: KL(p_d | p_g)
///
/// The others have a discriminator's loss of their own:
///
///   absolute-error      L_D = E[1 - D(x)] + E D(G(z))             L_G = -E D(G(z))
///   least-squares       L_D = E (t - 1)^2 / 2 + E t^2 / 2         L_G = E (t - 1)^2 / 2    Mao et al. 2017
///   hinge               L_D = E max(0, 1 - t) + E max(0, 1 + t)   L_G = -E t               Lim & Ye 2017
///   wasserstein         L_D = -E t + E t                          L_G = -E t               Arjovsky et al. 2017
class Adversarial {
 public:
  /// `name` is one of names(). Labels other than 1 and 0 only where takes_labels(name).
  explicit Adversarial(const std::string& name, Labels labels = {});
  Tensor discriminator(const Tensor& real, const Tensor& fake) const;
  /// Its terms for data and for samples.
  Tensor discriminator_on_data(const Tensor& real) const;
  Tensor discriminator_on_samples(const Tensor& fake) const;
  Tensor generator(const Tensor& fake) const;
  /// The generator's loss with the labels swapped: real data should be taken for samples.
  Tensor exchanged(const Tensor& real) const;
  /// Whether sigmoid(t) is the discriminator's belief that a datum is real.
  bool is_probability() const;

  static const std::vector<std::string>& names();
  static bool takes_labels(const std::string& name);

 private:
  struct Rule;
  static const std::vector<Rule>& rules();
  static const Rule& rule(const std::string& name);
  const Rule* rule_;
  Labels labels_;
};

/// Feature matching (Salimans et al. 2016, section 3.1): the mean over features of the squared difference of
/// their means over the batch. [N, ...] each; N may differ.
Tensor feature_matching(const Tensor& real, const Tensor& fake);

}  // namespace belamy::objectives
