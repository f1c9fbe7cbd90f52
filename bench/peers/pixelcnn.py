"""Gated PixelCNN on 28x28 black and white images, batch 50: two stacks of 16 features, a layer of 7x7, then seven of 3x3."""
import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

WIDTH, BLOCKS, HEAD = 16, 7, 64


def gate(x):
    a, b = x.chunk(2, 1)
    return torch.tanh(a) * torch.sigmoid(b)


class GatedLayer(nn.Module):
    """The windows are cut to the part that they may see; the padding puts them at their place."""

    def __init__(self, channels, kernel, first):
        super().__init__()
        radius, own = kernel // 2, 0 if first else 1
        self.first, self.radius, self.cut = first, radius, own - 1
        self.vertical = nn.Conv2d(channels, 2 * WIDTH, (radius + own, kernel))
        self.horizontal = nn.Conv2d(channels, 2 * WIDTH, (1, radius + own))
        self.across = nn.Conv2d(2 * WIDTH, 2 * WIDTH, 1)
        self.out = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, v, h):
        v = self.vertical(F.pad(v, (self.radius, self.radius, self.radius, self.cut)))
        y = self.out(gate(self.horizontal(F.pad(h, (self.radius, self.cut, 0, 0))) + self.across(v)))
        return v, y if self.first else h + y


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [GatedLayer(1, 7, True)] + [GatedLayer(WIDTH, 3, False) for _ in range(BLOCKS)]
        self.layers = nn.ModuleList(layers)
        self.head = nn.ModuleDict({"first": nn.Conv2d(WIDTH, HEAD, 1), "last": nn.Conv2d(HEAD, 1, 1)})

    def forward(self, x):
        v, h = self.layers[0](x, x)
        for layer in self.layers[1:]:
            v, h = layer(gate(v), h)
        return self.head["last"](F.relu(self.head["first"](F.relu(h))))


class PixelCnn(Peer):
    batch, shapes = 50, [(1, 28, 28)]

    def __init__(self):
        super().__init__()
        self.network = Network()
        self.networks = {"network": self.network}
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.optimizers = [self.adam]

    def name(self, key):
        return key.replace("layers.", "layer-")

    def step(self, images):
        x = (images >= 0).to(images.dtype)
        self.adam.zero_grad()
        loss = F.binary_cross_entropy_with_logits(self.network(2 * x - 1), x, reduction="sum") / x.size(0)
        loss.backward()
        self.adam.step()
        return {"loss/negative-log-likelihood": loss}


if __name__ == "__main__":
    main(PixelCnn)
