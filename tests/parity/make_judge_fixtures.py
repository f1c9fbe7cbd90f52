#!/usr/bin/env python3
"""Writes fixtures/judges.safetensors: what pytorch-fid and torch-fidelity compute, where Belamy computes the same.

By hand, once, where PyTorch, torchvision, scipy, safetensors, pytorch-fid 0.3.0 and torch-fidelity 0.4.0 are installed:

    python3 tests/parity/make_judge_fixtures.py

The published weights are not needed: the numbers of all tensors, images and features follow from a formula that the test has as
well, so the file stays small. The networks compute in double. Of each output some evenly spaced values are kept and the root of its
mean square.
"""

import pathlib
import tempfile
from unittest import mock

import numpy as np
import pytorch_fid.fid_score
import pytorch_fid.inception
import safetensors.torch
import torch
import torch_fidelity.feature_extractor_inceptionv3 as fidelity
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

KEPT = 61
tensors = {}


def bits(stream, count):
    """The numbers of a stream: 32 bits that a hash function makes of their places."""
    x = np.arange(count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(stream * 40503 % 2**32)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def uniform(stream, *shape):
    """Uniform in [0, 1), double."""
    return torch.from_numpy(bits(stream, int(np.prod(shape))).astype(np.float64) / 2**32).reshape(shape)


def image(stream, *shape):
    return torch.from_numpy((bits(stream, int(np.prod(shape))) >> np.uint32(24)).astype(np.uint8)).reshape(shape)


def weights_like(state):
    """Numbers that keep the outputs of every layer near 1. Streams are numbered in the order of the names."""
    names = sorted(name for name in state if not name.endswith("num_batches_tracked"))
    made = {}
    for stream, name in enumerate(names):
        shape = tuple(state[name].shape)
        u = uniform(stream, *shape)
        if len(shape) > 1:
            made[name] = (u - 0.5) * (24 / np.prod(shape[1:])) ** 0.5
        elif name.endswith("running_var"):
            made[name] = u + 0.5
        elif name.endswith("bn.weight"):
            made[name] = 0.4 * u + 0.8
        else:
            made[name] = 0.4 * (u - 0.5)
        made[name] = made[name].float()
    return made


def keep_map(name, tensor):
    flat = tensor.detach().flatten()
    kept = min(KEPT, flat.numel())
    places = torch.arange(kept) * (flat.numel() - 1) // max(kept - 1, 1)
    tensors[name + "/values"] = flat[places].float()
    tensors[name + "/size"] = flat.square().mean().sqrt().float()


def keep(name, *values):
    tensors[name] = torch.tensor(values, dtype=torch.float64)


def inception():
    with mock.patch.object(pytorch_fid.inception, "load_state_dict_from_url"), mock.patch.object(
        torch.nn.Module, "load_state_dict"
    ):
        template = pytorch_fid.inception.fid_inception_v3().state_dict()
    weights = weights_like(template)
    full = {**{n: t for n, t in template.items() if n.endswith("num_batches_tracked")}, **weights}
    with mock.patch.object(pytorch_fid.inception, "load_state_dict_from_url", return_value=full):
        of_pytorch = pytorch_fid.inception.InceptionV3([3]).double().eval()
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        torch.save(full, file.name)
        of_tensorflow = fidelity.FeatureExtractorInceptionV3(
            "x", ["2048", "logits_unbiased"], feature_extractor_weights_path=file.name, feature_extractor_internal_dtype="float64"
        )
    for name, stream, shape in (
        ("small", 1001, (2, 3, 32, 32)),
        ("gray", 1002, (1, 1, 28, 45)),
        ("large", 1003, (1, 3, 310, 401)),
        ("fitting", 1004, (1, 3, 299, 299)),
    ):
        bytes_ = image(stream, *shape).expand(-1, 3, -1, -1)
        with torch.no_grad():
            keep_map(f"{name}/pytorch", of_pytorch(bytes_.double() / 255)[0].flatten(1))
            features, logits = of_tensorflow(bytes_)
        keep_map(f"{name}/tensorflow", features)
        keep_map(f"{name}/logits", logits)


def frechet():
    sets = {
        "full": (uniform(2001, 300, 24).cumsum(1), uniform(2002, 260, 24).cumsum(1) * 0.9 + 0.2),
        "singular": (uniform(2003, 20, 24).cumsum(1), uniform(2004, 18, 24).cumsum(1) * 0.9 + 0.2),
    }
    for name, (a, b) in sets.items():
        p, q = fid_features_to_statistics(a), fid_features_to_statistics(b)
        keep(
            f"frechet/{name}",
            pytorch_fid.fid_score.calculate_frechet_distance(p["mu"], p["sigma"], q["mu"], q["sigma"]),
            fid_statistics_to_metric(p, q, False)["frechet_inception_distance"],
        )


def kernel():
    a, b = uniform(3001, 1100, 8) * 4, uniform(3002, 1050, 8) * 3.6 + 0.2
    found = kid_features_to_metric(a, b, verbose=False)
    keep("kernel", found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"])


def score():
    found = isc_features_to_metric((uniform(4001, 1013, 30) - 0.5) * 8)
    keep("score", found["inception_score_mean"], found["inception_score_std"])


def permutations():
    random = np.random.RandomState(2020)
    tensors["order/first"] = torch.from_numpy(random.permutation(1000))
    tensors["order/second"] = torch.from_numpy(random.permutation(7))


inception()
frechet()
kernel()
score()
permutations()
for name in ("frechet/full", "frechet/singular", "kernel", "score"):
    print(name, tensors[name].tolist())
folder = pathlib.Path(__file__).resolve().parent / "fixtures"
safetensors.torch.save_file(tensors, folder / "judges.safetensors")
