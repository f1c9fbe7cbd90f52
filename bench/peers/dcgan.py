"""DCGAN as in PyTorch's tutorial. dcgan.py [side=64] [channels=3]; sample=1: only draw images."""
import sys

import torch
import torch.nn.functional as F
from harness import Peer, main, serve
from torch import nn

LATENT, WIDTH, SAMPLE_BATCH = 100, 64, 500


class Dcgan(Peer):
    batch = 64

    def __init__(self, side=64, channels=3):
        super().__init__()
        self.shapes = [(channels, side, side)]
        padded = 64 if side > 32 else 32
        border = (padded - side) // 2
        wide = WIDTH * padded // 8

        layers, width = [nn.Unflatten(1, (LATENT, 1, 1)), nn.ConvTranspose2d(LATENT, wide, 4, 1, 0, bias=False)], wide
        while width > WIDTH:
            layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False)]
            width //= 2
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh()]
        self.generator = nn.Sequential(*layers, *([nn.ZeroPad2d(-border)] if border else []))

        layers = [nn.ConstantPad2d(border, -1)] if border else []
        layers += [nn.Conv2d(channels, WIDTH, 4, 2, 1), nn.LeakyReLU(0.2)]
        while width < wide:
            layers += [nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)]
            width *= 2
        self.discriminator = nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * wide, 1))
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        for network in self.networks.values():
            for module in network.modules():
                if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                    nn.init.normal_(module.weight, 0, 0.02)
        adam = lambda network: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.optimizers = self.adam_g, self.adam_d = adam(self.generator), adam(self.discriminator)

    def step(self, real):
        ones, zeros = torch.ones(real.size(0), 1), torch.zeros(real.size(0), 1)
        fake = self.generator(self.draw(torch.randn, real.size(0), LATENT))

        self.adam_d.zero_grad()
        loss_d = F.binary_cross_entropy_with_logits(self.discriminator(real), ones)
        loss_d = loss_d + F.binary_cross_entropy_with_logits(self.discriminator(fake.detach()), zeros)
        loss_d.backward()
        self.adam_d.step()

        self.adam_g.zero_grad()
        loss_g = F.binary_cross_entropy_with_logits(self.discriminator(fake), ones)
        loss_g.backward()
        self.adam_g.step()
        return {"loss/discriminator": loss_d, "loss/generator": loss_g}

    @torch.no_grad()
    def sample(self, n):
        self.generator.eval()
        for left in range(n, 0, -SAMPLE_BATCH):
            images = self.generator(self.draw(torch.randn, min(left, SAMPLE_BATCH), LATENT))
            images.add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


if __name__ == "__main__":
    if "sample=1" in sys.argv:
        peer = Dcgan(28, 1)
        peer.sample(SAMPLE_BATCH)
        serve(peer.sample)
    else:
        main(Dcgan)
