"""CycleGAN on 64x64 colour images, one at a time, with the networks and the pool of its authors' PyTorch code."""
import random

import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

WIDTH, BLOCKS, POOL = 64, 6, 50
norm = lambda channels: nn.InstanceNorm2d(channels, affine=True)


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        conv = lambda: [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=False), norm(channels)]
        self.chain = nn.Sequential(*conv(), nn.ReLU(), *conv())

    def forward(self, x):
        return x + self.chain(x)


def make_generator():
    layers = [nn.Identity(), nn.ReflectionPad2d(3), nn.Conv2d(3, WIDTH, 7, bias=False), norm(WIDTH), nn.ReLU()]
    for channels in (WIDTH, 2 * WIDTH):
        layers += [nn.Conv2d(channels, 2 * channels, 3, 2, 1, bias=False), norm(2 * channels), nn.ReLU()]
    layers += [Residual(4 * WIDTH) for _ in range(BLOCKS)]
    for channels in (2 * WIDTH, WIDTH):
        layers += [nn.ConvTranspose2d(2 * channels, channels, 4, 2, 1, bias=False), norm(channels), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(WIDTH, 3, 7), nn.Tanh())


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, WIDTH, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i, stride in ((1, 2), (2, 2), (4, 1)):
            layers += [nn.Conv2d(i * WIDTH, 2 * i * WIDTH, 4, stride, 1, bias=False), norm(2 * i * WIDTH), nn.LeakyReLU(0.2)]
        self.chain = nn.Sequential(*layers, nn.Conv2d(8 * WIDTH, 1, 4, 1, 1))

    def forward(self, x):
        return self.chain(x)


class ImagePool:
    def __init__(self):
        self.images = []

    def exchange(self, image):
        if len(self.images) < POOL:
            self.images.append(image.clone())
            return image
        if random.random() < 0.5:
            return image
        at = random.randrange(POOL)
        old, self.images[at] = self.images[at], image.clone()
        return old


def judged(t, real):
    return F.mse_loss(t, torch.ones_like(t) if real else torch.zeros_like(t))


class CycleGan(Peer):
    batch, shapes = 1, [(3, 64, 64), (3, 64, 64)]

    def __init__(self):
        super().__init__()
        self.a2b, self.b2a, self.critic_a, self.critic_b = make_generator(), make_generator(), Critic(), Critic()
        self.networks = {"a2b": self.a2b, "b2a": self.b2a, "critic_a": self.critic_a, "critic_b": self.critic_b}
        adam = lambda *networks: torch.optim.Adam(
            [weight for network in networks for weight in network.parameters()], lr=2e-4, betas=(0.5, 0.999)
        )
        self.adam_g = adam(self.a2b, self.b2a)
        self.adam_critics = [adam(self.critic_a), adam(self.critic_b)]
        self.optimizers = [self.adam_g, *self.adam_critics]
        self.pools = [ImagePool(), ImagePool()]

    def step(self, a, b):
        critics = (self.critic_a, self.critic_b)
        for critic in critics:
            critic.requires_grad_(False)
        b_made, a_made = self.a2b(a), self.b2a(b)
        fooled = judged(self.critic_b(b_made), True) + judged(self.critic_a(a_made), True)
        cycle_a, cycle_b = F.l1_loss(self.b2a(b_made), a), F.l1_loss(self.a2b(a_made), b)
        identity = F.l1_loss(self.a2b(b), b) + F.l1_loss(self.b2a(a), a)
        self.adam_g.zero_grad()
        (fooled + 10 * (cycle_a + cycle_b) + 5 * identity).backward()
        self.adam_g.step()

        losses = {"cycle/a": cycle_a, "cycle/b": cycle_b, "loss/identity": identity}
        sides = zip("ab", critics, self.adam_critics, self.pools, (a, b), (a_made, b_made))
        for letter, critic, adam, pool, real, made in sides:
            critic.requires_grad_(True)
            adam.zero_grad()
            loss = 0.5 * (judged(critic(real), True) + judged(critic(pool.exchange(made.detach())), False))
            loss.backward()
            adam.step()
            losses[f"loss/critic_{letter}"] = loss
        return losses


if __name__ == "__main__":
    main(CycleGan)
