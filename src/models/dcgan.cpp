// Deep convolutional GAN: Radford, Metz & Chintala 2016 (arXiv:1511.06434).
//
//   The game of Goodfellow et al. 2014 between all-convolutional networks: strided convolutions in the
//   discriminator, fractionally-strided in the generator, batch norm in both but at D's input and G's output,
//   ReLU / leaky ReLU, tanh.
//
// Departures: the widths are settings; a side that is not a power of two is padded with black to the next one
// for the discriminator and cropped from the generator's output; z ~ N(0, 1) by default (paper: uniform).

#include "models/shared/convolutional_gan.h"

namespace belamy::models {

ModelInfo dcgan() {
  return describe<ConvolutionalGan, ConvolutionalConfig>({
      .name = "dcgan",
      .family = "gan",
      .summary = "deep convolutional generative adversarial network",
      .paper =
          "Radford, Metz & Chintala, Unsupervised Representation Learning with Deep Convolutional Generative "
          "Adversarial Networks, ICLR 2016",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer, Capability::featurizer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = convolutional_sides,
      .check = check_convolutional,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8"},
      .variants = game_variants(
          {"model.joint_batch=true", "model.augment=adaptive", "model.smallest=8", "model.dense=16"}),
  });
}

}  // namespace belamy::models
