"""Denoising diffusion on 28x28 images, batch 64: a U-Net of two levels of 48 and 96 channels on squares of 2x2 pixels."""
import math
import re

import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

WIDTH, PATCH, TIMES, HEAD_WIDTH = 48, 2, 1000, 32
norm = lambda channels: nn.GroupNorm(channels // 8, channels)
conv = lambda channels, wide, stride=1: nn.Conv2d(channels, wide, 3, stride, 1)


def zeros(layer):
    for weight in layer.parameters():
        nn.init.zeros_(weight)
    return layer


class TimeCode(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, size), nn.Linear(size, size)

    def forward(self, times):
        half = WIDTH // 2
        frequencies = torch.exp(torch.arange(half) * (-math.log(1e4) / (half - 1)))
        angles = times[:, None] * frequencies
        return self.second(F.silu(self.first(torch.cat([angles.sin(), angles.cos()], 1))))


class Residual(nn.Module):
    def __init__(self, channels, wide):
        super().__init__()
        self.first_norm, self.first = norm(channels), conv(channels, wide)
        self.from_code = nn.Linear(4 * WIDTH, 2 * wide)
        self.second_norm, self.second = norm(wide), zeros(conv(wide, wide))
        self.direct = nn.Conv2d(channels, wide, 1) if channels != wide else nn.Identity()

    def forward(self, x, code):
        h = self.first(F.silu(self.first_norm(x)))
        scale, shift = self.from_code(code)[:, :, None, None].chunk(2, 1)
        h = F.silu(self.second_norm(h) * (1 + scale) + shift)
        return self.direct(x) + self.second(h)


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.heads = channels // HEAD_WIDTH
        self.norm = norm(channels)
        self.inputs, self.projection = nn.Linear(channels, 3 * channels), zeros(nn.Linear(channels, channels))

    def forward(self, x):
        n, channels, height, width = x.size()
        rows = self.norm(x).flatten(2).transpose(1, 2)
        split = lambda t: t.view(n, -1, self.heads, HEAD_WIDTH).transpose(1, 2)
        query, key, value = map(split, self.inputs(rows).chunk(3, 2))
        seen = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(HEAD_WIDTH), 3) @ value
        out = self.projection(seen.transpose(1, 2).reshape(n, -1, channels))
        return x + out.transpose(1, 2).view_as(x)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        values, wide = PATCH * PATCH, 2 * WIDTH
        self.time = TimeCode(4 * WIDTH)
        self.stem = conv(values, WIDTH)
        self.down_1_1 = Residual(WIDTH, WIDTH)
        self.halve_1 = conv(WIDTH, WIDTH, 2)
        self.down_2_1, self.down_2_1_attention = Residual(WIDTH, wide), Attention(wide)
        self.middle_1, self.middle_1_attention = Residual(wide, wide), Attention(wide)
        self.middle_2 = Residual(wide, wide)
        self.up_2_1, self.up_2_1_attention = Residual(2 * wide, wide), Attention(wide)
        self.double_1 = conv(wide, WIDTH)
        self.up_1_1 = Residual(2 * WIDTH, WIDTH)
        self.head_norm, self.head = norm(WIDTH), zeros(conv(WIDTH, values))

    def forward(self, x, times):
        code = F.silu(self.time(times))
        h = self.stem(F.pixel_unshuffle(x, PATCH))
        h = fine = self.down_1_1(h, code)
        h = coarse = self.down_2_1_attention(self.down_2_1(self.halve_1(h), code))
        h = self.middle_2(self.middle_1_attention(self.middle_1(h, code)), code)
        h = self.up_2_1_attention(self.up_2_1(torch.cat([h, coarse], 1), code))
        h = self.double_1(F.interpolate(h, scale_factor=2))
        h = self.up_1_1(torch.cat([h, fine], 1), code)
        return F.pixel_shuffle(self.head(F.silu(self.head_norm(h))), PATCH)


class Diffusion(Peer):
    batch, shapes = 64, [(1, 28, 28)]

    def __init__(self):
        super().__init__()
        self.network = UNet()
        self.networks = {"network": self.network}
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.optimizers = [self.adam]
        square = torch.cumprod(1 - torch.linspace(1e-4, 0.02, TIMES, dtype=torch.float64), 0)
        table = lambda values: values.sqrt().to(torch.get_default_dtype()).view(-1, 1, 1, 1)
        self.alphas, self.sigmas = table(square), table(1 - square)

    def name(self, key):
        return re.sub(r"norm\.bias$", "norm.shift", re.sub(r"norm\.weight$", "norm.scale", key))

    def step(self, images):
        times = torch.randint(1, TIMES + 1, (images.size(0),), generator=self.random) - 1
        noise = self.normal(*images.size())
        self.adam.zero_grad()
        found = self.network(self.alphas[times] * images + self.sigmas[times] * noise, times)
        loss = F.mse_loss(found, noise)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1)
        self.adam.step()
        return {"loss/prediction": loss}


if __name__ == "__main__":
    main(Diffusion)
