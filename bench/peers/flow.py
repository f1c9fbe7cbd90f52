"""A small Glow on 28x28 images, batch 64: two levels of eight steps, couplings with RealNVP's scale."""
import math
import re

import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn
from torch.nn.utils import weight_norm

SIDE, LEVELS, STEPS, HIDDEN = 28, 2, 8, 64


def beside(x):
    return x[:, None, None]


class ActNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.log_scale, self.shift = (nn.Parameter(torch.zeros(channels)) for _ in range(2))

    def forward(self, x):
        y = x * beside(self.log_scale.exp()) + beside(self.shift)
        return y, self.log_scale.sum() * x.size(2) * x.size(3)


class InvertibleConvolution(nn.Module):
    """W = P L U, with a fixed permutation P."""

    def __init__(self, channels):
        super().__init__()
        permutation, lower, upper = torch.linalg.lu(torch.linalg.qr(torch.randn(channels, channels))[0])
        diagonal = upper.diagonal()
        self.lower, self.upper = nn.Parameter(lower.tril(-1)), nn.Parameter(upper.triu(1))
        self.log_diagonal = nn.Parameter(diagonal.abs().log())
        self.register_buffer("signs", diagonal.sign())
        self.register_buffer("order", permutation.argmax(1))

    def forward(self, x):
        lower = self.lower.tril(-1) + torch.eye(x.size(1))
        upper = self.upper.triu(1) + torch.diag(self.signs * self.log_diagonal.exp())
        weight = (lower @ upper)[self.order]
        return F.conv2d(x, weight[:, :, None, None]), self.log_diagonal.sum() * x.size(2) * x.size(3)


class Coupling(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        layers, width = [], channels // 2
        for i, wide in enumerate(hidden):
            conv = nn.Conv2d(width, wide, 1 if i else 3, padding=0 if i else 1)
            layers += [weight_norm(conv), nn.ReLU()]
            width = wide
        last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(*layers, last)
        self.gain = nn.Parameter(torch.ones(channels // 2))

    def forward(self, x):
        given, moved = x.chunk(2, 1)
        h, shift = self.network(given).chunk(2, 1)
        log_scale = torch.tanh(h) * beside(self.gain)
        return torch.cat([given, moved * log_scale.exp() + shift], 1), log_scale.flatten(1).sum(1)


class Step(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.norm, self.mixing = ActNorm(channels), InvertibleConvolution(channels)
        self.coupling = Coupling(channels, hidden)

    def forward(self, x):
        x, by_norm = self.norm(x)
        x, by_mixing = self.mixing(x)
        x, by_coupling = self.coupling(x)
        return x, by_norm + by_mixing + by_coupling


def normal_log_density(z):
    return -0.5 * (z**2 + math.log(2 * math.pi)).flatten(1).sum(1)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels, channels = nn.ModuleList(), 1
        for i in range(LEVELS):
            channels *= 4
            steps = [Step(channels, [HIDDEN << i, HIDDEN << i]) for _ in range(STEPS)]
            level = nn.ModuleDict({"steps": nn.ModuleList(steps)})
            if i + 1 < LEVELS:
                level["prior"] = Coupling(channels, [])
                channels //= 2
            self.levels.append(level)
        self.last = ActNorm(channels)

    def forward(self, x):
        """The log-density of each image."""
        total = 0
        for level in self.levels:
            x = F.pixel_unshuffle(x, 2)
            for step in level["steps"]:
                x, log_determinant = step(x)
                total = total + log_determinant
            if "prior" in level:
                x, log_determinant = level["prior"](x)
                x, done = x.chunk(2, 1)
                total = total + log_determinant + normal_log_density(done)
        x, log_determinant = self.last(x)
        return total + log_determinant + normal_log_density(x)

    @torch.no_grad()
    def start(self, x):
        """ActNorms and layers with normalised weights start with outputs of mean 0 and deviation 1 for these images."""

        def standardise(layer, _, output):
            is_norm = isinstance(layer, ActNorm)
            y = output[0] if is_norm else output
            mean, deviation = y.mean((0, 2, 3)), y.std((0, 2, 3), unbiased=False)
            if is_norm:
                layer.log_scale.copy_(-deviation.log())
                layer.shift.copy_(-mean / deviation)
            else:
                layer.weight_g.div_(deviation.view(-1, 1, 1, 1))
                layer.bias.sub_(mean).div_(deviation)
            y = (y - beside(mean)) / beside(deviation)
            return (y, output[1]) if is_norm else y

        starts = lambda layer: isinstance(layer, ActNorm) or hasattr(layer, "weight_g")
        hooks = [layer.register_forward_hook(standardise) for layer in self.modules() if starts(layer)]
        self(x)
        for hook in hooks:
            hook.remove()


class Glow(Peer):
    batch, shapes = 64, [(1, SIDE, SIDE)]

    def __init__(self):
        super().__init__()
        self.network, self.is_new = Network(), True
        self.networks = {"flow": self.network}
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.optimizers = [self.adam]

    def name(self, key):
        key = re.sub(r"^levels\.1\.|^(?=last)", "split.rest.", key.replace("levels.0.", ""))
        key = re.sub(r"steps\.(\d+)\.(\w+)\.", r"\2-\1.", key)
        for ours, theirs in (("network.", ""), ("log_", "log-"), ("weight_g", "scale"), ("weight_v", "weight")):
            key = key.replace(ours, theirs)
        return key

    def step(self, images):
        x = ((images + 1) / 2 * 255 + self.draw(torch.rand, *images.size())) / 256
        if self.is_new:
            self.network.start(x)
            self.is_new = False
            self.begins()
        self.adam.zero_grad()
        loss = -self.network(x).mean()
        loss.backward()
        self.adam.step()
        return {"loss/bits-per-dimension": loss / (SIDE * SIDE * math.log(2)) + 8}


if __name__ == "__main__":
    main(Glow)
