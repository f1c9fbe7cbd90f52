"""A GAN of two perceptrons on 28x28 images, as usual in PyTorch. gan.py [wasserstein=1]: WGAN-GP."""
import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

LATENT, CRITIC_STEPS, PENALTY = 100, 5, 10


class Gan(Peer):
    batch, shapes = 64, [(1, 28, 28)]
    idle = [f"generator.{i}.bias" for i in (0, 3, 6, 9)]

    def __init__(self, wasserstein=0):
        super().__init__()
        self.wasserstein, self.at = wasserstein, 0
        layers, width = [], LATENT
        for wide in (128, 256, 512, 1024):
            layers += [nn.Linear(width, wide), nn.BatchNorm1d(wide), nn.ReLU()]
            width = wide
        self.generator = nn.Sequential(*layers, nn.Linear(width, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)
        )
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        adam = lambda network: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizers = self.adam_g, self.adam_d = adam(self.generator), adam(self.discriminator)

    def penalty(self, real, fake):
        share = self.draw(torch.rand, real.size(0), 1, 1, 1)
        between = (share * real + (1 - share) * fake).requires_grad_()
        score = self.discriminator(between)
        slope = torch.autograd.grad(score, between, torch.ones_like(score), create_graph=True)[0]
        return ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    def step(self, real):
        self.at += 1
        ones, zeros = torch.ones(real.size(0), 1), torch.zeros(real.size(0), 1)
        z = self.draw(torch.randn, real.size(0), LATENT)
        fake = self.generator(z)

        self.adam_d.zero_grad()
        t_real, t_fake = self.discriminator(real), self.discriminator(fake.detach())
        if self.wasserstein:
            loss_d = t_fake.mean() - t_real.mean()
            (loss_d + PENALTY * self.penalty(real, fake.detach())).backward()
        else:
            loss_d = F.binary_cross_entropy_with_logits(t_real, ones) + F.binary_cross_entropy_with_logits(t_fake, zeros)
            loss_d.backward()
        self.adam_d.step()
        losses = {"loss/discriminator": loss_d}
        if self.wasserstein and self.at % CRITIC_STEPS:
            return losses

        self.adam_g.zero_grad()
        t = self.discriminator(fake)
        loss_g = -t.mean() if self.wasserstein else F.binary_cross_entropy_with_logits(t, ones)
        loss_g.backward()
        self.adam_g.step()
        return {**losses, "loss/generator": loss_g}


if __name__ == "__main__":
    main(Gan)
