#!/usr/bin/env python3
"""Writes fixtures/trained.safetensors: what PyTorch computes with weights that were trained elsewhere.

By hand, once, where PyTorch, torchvision, safetensors and efficientnet-lite-pytorch 0.1.0 are installed and
BELAMY_WEIGHTS names the folder of vgg16-conv.safetensors and efficientnet-lite0.safetensors:

    python3 tests/parity/make_trained_fixtures.py

The networks are those of other people: torchvision's layers of VGG16, and the package that the weights of
EfficientNet-Lite0 were published for, with padding that fits any size. They compute in double. Of each map
some evenly spaced values are kept and the root of its mean square, so the file stays small.
"""

import hashlib
import os
import pathlib

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
import torchvision
from efficientnet_lite_pytorch import EfficientNet

torch.manual_seed(20150410)
weights = pathlib.Path(os.environ["BELAMY_WEIGHTS"])
tensors, metadata = {}, {"pytorch": torch.__version__.split("+")[0]}
KEPT = 61


def keep(name, tensor):
    tensors[name] = tensor.detach().to(torch.float32).contiguous().clone()


def keep_map(name, tensor):
    flat = tensor.detach().flatten()
    kept = min(KEPT, flat.numel())
    places = torch.arange(kept) * (flat.numel() - 1) // max(kept - 1, 1)
    keep(name + "/values", flat[places])
    keep(name + "/size", flat.square().mean().sqrt())


def picture(name, channels, height, width):
    """Smooth with noise on it; kept as bytes, returned in [-1, 1]."""
    coarse = torch.rand(1, channels, 5, 7)
    image = F.interpolate(coarse, size=(height, width), mode="bicubic") + 0.1 * torch.randn(1, channels, height, width)
    tensors[name] = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    return tensors[name].double() / 127.5 - 1


def read(name):
    path = weights / f"{name}.safetensors"
    metadata[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return {key: value.double() for key, value in safetensors.torch.load_file(path).items()}


def vgg16():
    layers = torchvision.models.vgg16(weights=None).features.double().eval()
    state = read("vgg16-conv")
    names, group, number = [], 1, 1
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            layer.weight.data = state[f"conv{group}_{number}.weight"]
            layer.bias.data = state[f"conv{group}_{number}.bias"]
            names.append(None)
        elif isinstance(layer, torch.nn.ReLU):
            layer.inplace = False
            names.append(f"relu{group}_{number}")
            number += 1
        else:
            names.append(f"pool{group}")
            group, number = group + 1, 1
    means = torch.tensor([103.939, 116.779, 123.68]).double().view(1, 3, 1, 1)

    def run(image):
        bgr = (image.expand(-1, 3, -1, -1) + 1).mul(127.5).flip(1) - means
        maps = {}
        for name, layer in zip(names, layers):
            bgr = layer(bgr)
            maps[name] = bgr
        return maps

    image = picture("vgg16/image", 3, 37, 50).requires_grad_()
    maps = run(image)
    for name in names:
        if name:
            keep_map(f"vgg16/{name}", maps[name])
    keep_map("vgg16/gradient", torch.autograd.grad(maps["relu4_2"].square().mean(), image)[0])
    keep_map("vgg16/gray/relu5_3", run(picture("vgg16/gray/image", 1, 32, 32))["relu5_3"])


def lite0():
    net = EfficientNet.from_name("efficientnet-lite0", image_size=None).double().eval()
    net.load_state_dict({key: value.squeeze() if key.endswith("num_batches_tracked") else value
                         for key, value in read("efficientnet-lite0").items()})
    for name, size in (("even", (64, 96)), ("odd", (75, 50))):
        image = picture(f"lite0/{name}/image", 3, *size).requires_grad_()
        x = ((image + 1) * 127.5 - 127) / 128
        x = net._swish(net._bn0(net._conv_stem(x)))
        keep_map(f"lite0/{name}/stem", x)
        for i, block in enumerate(net._blocks):
            x = block(x)
            keep_map(f"lite0/{name}/block{i}", x)
        x = net._swish(net._bn1(net._conv_head(x)))
        keep_map(f"lite0/{name}/head", x)
        features = x.mean((2, 3))
        keep_map(f"lite0/{name}/features", features)
        keep_map(f"lite0/{name}/logits", net._fc(features))
        keep_map(f"lite0/{name}/gradient", torch.autograd.grad(features.square().sum(), image)[0])


def resize():
    image = picture("resize/image", 3, 20, 31)
    keep_map("resize/smaller", F.interpolate(image, size=(9, 17), mode="bilinear", antialias=True))
    keep_map("resize/larger", F.interpolate(image, size=(40, 50), mode="bilinear", antialias=True))


vgg16()
lite0()
resize()
folder = pathlib.Path(__file__).resolve().parent / "fixtures"
safetensors.torch.save_file(tensors, folder / "trained.safetensors", metadata=metadata)
