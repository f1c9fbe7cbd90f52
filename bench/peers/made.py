"""MADE with 500 hidden units and direct connections on 784 black and white pixels, batch 100."""
import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

PIXELS, HIDDEN = 784, 500


class MaskedLinear(nn.Linear):
    def __init__(self, mask, bias=True):
        super().__init__(mask.size(1), mask.size(0), bias)
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.linear(x, self.mask * self.weight, self.bias)


def masks_of(order, degrees):
    masks = {"hidden": degrees[:, None] >= order, "output": order[:, None] > degrees, "direct": order[:, None] > order}
    return {name: mask.to(torch.get_default_dtype()) for name, mask in masks.items()}


class Network(nn.Module):
    def __init__(self, order, degrees):
        super().__init__()
        masks = masks_of(order, degrees)
        self.hidden, self.output = MaskedLinear(masks["hidden"]), MaskedLinear(masks["output"])
        self.direct = MaskedLinear(masks["direct"], bias=False)

    def forward(self, x):
        return self.output(F.relu(self.hidden(x))) + self.direct(x)


class Made(Peer):
    batch, shapes = 100, [(1, 28, 28)]

    def __init__(self):
        super().__init__()
        degrees = torch.randint(1, PIXELS, (HIDDEN,), generator=self.random)
        self.network = Network(torch.arange(1, PIXELS + 1), degrees)
        self.networks = {"network": self.network}
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.optimizers = [self.adam]

    def state(self, arrays, prefix):
        # Belamy keeps the order and the degrees, from which it makes the masks.
        order, degrees = (arrays[f"{prefix}/buffer/network.{name}"][0] for name in ("order", "degrees-1"))
        state = {f"{layer}.mask": mask for layer, mask in masks_of(order, degrees).items()}
        layers = (("hidden", "hidden-1"), ("output", "output"), ("direct", "direct"))
        for key, (ours, theirs) in ((key, layer) for layer in layers for key in ("weight", "bias")):
            if f"{ours}.{key}" in self.network.state_dict():
                state[f"{ours}.{key}"] = arrays[f"{prefix}/model/network.{theirs}.{key}"]
        return {"network": state}

    def step(self, images):
        x = (images.view(-1, PIXELS) >= 0).to(images.dtype)
        self.adam.zero_grad()
        loss = F.binary_cross_entropy_with_logits(self.network(x), x, reduction="sum") / x.size(0)
        loss.backward()
        self.adam.step()
        return {"loss/negative-log-likelihood": loss}


if __name__ == "__main__":
    main(Made)
