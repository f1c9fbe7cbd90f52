"""The VAE 784-400-20 of PyTorch's examples, batch 128."""
import torch
import torch.nn.functional as F
from harness import Peer, main
from torch import nn

HIDDEN, CODE = 400, 20


class Vae(Peer):
    batch, shapes = 128, [(1, 28, 28)]

    def __init__(self):
        super().__init__()
        self.networks = {
            "hidden": nn.Linear(784, HIDDEN),
            "mean": nn.Linear(HIDDEN, CODE),
            "log_variance": nn.Linear(HIDDEN, CODE),
            "decoder": nn.Sequential(nn.Linear(CODE, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 784)),
        }
        parameters = [weight for network in self.networks.values() for weight in network.parameters()]
        self.adam = torch.optim.Adam(parameters, lr=1e-3)
        self.optimizers = [self.adam]

    def state(self, arrays, prefix):
        # Belamy has one layer for both heads.
        heads = {key: arrays[f"{prefix}/model/encoder.3.{key}"] for key in ("weight", "bias")}
        return {
            "hidden": {key: arrays[f"{prefix}/model/encoder.1.{key}"] for key in ("weight", "bias")},
            "mean": {key: both[:CODE] for key, both in heads.items()},
            "log_variance": {key: both[CODE:] for key, both in heads.items()},
            "decoder": {f"{i}.{key}": arrays[f"{prefix}/model/decoder.{i}.{key}"] for i in (0, 2) for key in heads},
        }

    def step(self, images):
        images = images.view(-1, 784)
        x = (images + 1) / 2
        self.adam.zero_grad()
        h = F.relu(self.networks["hidden"](images))
        mean, log_variance = self.networks["mean"](h), self.networks["log_variance"](h)
        noise = self.draw(torch.randn, *mean.size())
        z = mean + torch.exp(0.5 * log_variance) * noise
        reconstruction = F.binary_cross_entropy(torch.sigmoid(self.networks["decoder"](z)), x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = (reconstruction + kl) / x.size(0)
        loss.backward()
        self.adam.step()
        return {"loss/negative-elbo": loss}


if __name__ == "__main__":
    main(Vae)
