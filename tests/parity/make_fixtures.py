#!/usr/bin/env python3
"""Writes fixtures/pytorch.safetensors: small inputs and what PyTorch makes of them.

By hand, once, where PyTorch and its safetensors package are installed:

    python3 tests/parity/make_fixtures.py

parity_test.cpp compares Belamy with the file, so a loss or a layer means what the field means by it. All
references are computed in double and stored in float, so their own rounding does not count.
"""

import pathlib

import safetensors.torch
import torch
import torch.nn.functional as F

torch.manual_seed(20140610)
tensors = {}


def keep(name, tensor):
    tensors[name] = tensor.detach().to(torch.float32).contiguous().clone()
    return tensor


def draw(name, *shape):
    """Normal numbers that a float holds exactly, as the double that the reference computes with."""
    return keep(name, torch.randn(*shape).double())


def adversarial():
    real, fake = draw("gan/real", 9), draw("gan/fake", 9)
    ones, zeros = torch.ones(9).double(), torch.zeros(9).double()
    bce = F.binary_cross_entropy_with_logits
    keep("gan/discriminator", bce(real, ones) + bce(fake, zeros))
    keep("gan/non-saturating", bce(fake, ones))
    keep("gan/minimax", -bce(fake, zeros))


def conv_transpose():
    x, weight = draw("conv/x", 2, 3, 4, 4).requires_grad_(), draw("conv/weight", 3, 2, 4, 4).requires_grad_()
    bias, direction = draw("conv/bias", 2).requires_grad_(), draw("conv/direction", 2, 2, 8, 8)
    y = keep("conv/y", F.conv_transpose2d(x, weight, bias, stride=2, padding=1))
    names = ("conv/grad_x", "conv/grad_weight", "conv/grad_bias")
    for name, gradient in zip(names, torch.autograd.grad((y * direction).sum(), (x, weight, bias))):
        keep(name, gradient)


def batch_norm():
    layer = torch.nn.BatchNorm2d(3).double()
    with torch.no_grad():
        layer.weight.copy_(draw("norm/weight", 3))
        layer.bias.copy_(draw("norm/bias", 3))
    keep("norm/y", layer(draw("norm/x", 4, 3, 5, 5)))
    keep("norm/running_mean", layer.running_mean)
    keep("norm/running_var", layer.running_var)


def optimiser(name, make):
    """Three steps from `start` along the rows of `gradients`."""
    weight = torch.nn.Parameter(draw(f"{name}/start", 12))
    steps = make([weight])
    for gradient in draw(f"{name}/gradients", 3, 12):
        weight.grad = gradient.clone()
        steps.step()
    keep(f"{name}/end", weight)


def likelihood():
    mean, log_variance = draw("code/mean", 4, 3), draw("code/log_variance", 4, 3)
    normal = torch.distributions.Normal
    q, p = normal(mean, (log_variance / 2).exp()), normal(torch.zeros_like(mean), torch.ones_like(mean))
    keep("code/kl", torch.distributions.kl_divergence(q, p).sum(1))
    x, logits = keep("pixels/x", torch.rand(4, 6).double()), draw("pixels/logits", 4, 6)
    keep("pixels/bernoulli", -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1))
    keep("pixels/gaussian", normal(logits, torch.full_like(logits, 0.3)).log_prob(x).sum(1))


adversarial()
conv_transpose()
batch_norm()
optimiser("adam", lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.5, 0.999)))
optimiser("adamw", lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1))
optimiser("rmsprop", lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9))
optimiser("sgd", lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9))
likelihood()
folder = pathlib.Path(__file__).resolve().parent / "fixtures"
folder.mkdir(exist_ok=True)
version = torch.__version__.split("+")[0]
safetensors.torch.save_file(tensors, folder / "pytorch.safetensors", metadata={"pytorch": version})
