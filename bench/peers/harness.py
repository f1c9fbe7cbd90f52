"""The common part of the peers: taking turns with bench_worker, and starting from the same weights.

A peer is a class with `batch`, `shapes` of the inputs of a step, `networks` {name in a checkpoint: module}, `optimizers`,
and `step(*tensors)`, which makes one training step and returns its losses by the names of Belamy's records. All random
numbers come from `self.random`.
"""
import argparse
import json
import os
import resource
import struct
import sys
import time
from pathlib import Path

import belamy_draws
import numpy as np
import torch

POOL = 16  # batches of random numbers that take turns


def read_safetensors(path):
    content = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    types = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            array = np.frombuffer(content[begin:end], types[entry["dtype"]]).reshape(entry["shape"])
            arrays[name] = torch.from_numpy(array.copy())
    return arrays


class Peer:
    device = "cpu"
    idle = ()  # weights whose gradient is nothing but rounding: biases in front of a batch norm

    def __init__(self):
        self.random = torch.Generator(self.device).manual_seed(1)
        self.follows = False  # whether it repeats a trace
        self.began = {}  # the weights from which it then trains

    def name(self, key):
        """Belamy's name of a weight of a network, where it is another one."""
        return key

    def state(self, arrays, prefix):
        """{network: state_dict} of a trace. A peer with other layers than Belamy overrides it."""
        states = {}
        for name, network in self.networks.items():
            states[name] = {}
            for key, weight in network.state_dict().items():
                for kind in ("model", "buffer"):
                    found = arrays.get(f"{prefix}/{kind}/{name}.{self.name(key)}")
                    if found is not None:
                        states[name][key] = found.view_as(weight)
                assert key in states[name] or key.endswith("num_batches_tracked"), f"{name}.{key} is not in the trace"
        return states

    def draw(self, how, *size):
        """Random numbers by `how` (torch.randn, torch.rand), in the type in which the peer computes."""
        return how(*size, generator=self.random, dtype=torch.float32).to(torch.get_default_dtype())

    def normal(self, *size):
        """Draws from N(0, 1), for which Belamy has a kernel of its own."""
        if self.follows:
            return belamy_draws.normal(size, self.random).to(torch.get_default_dtype())
        return self.draw(torch.randn, *size)

    def begins(self):
        """To be called after a start from the first batch, which a trace does not hold: weights move from there."""
        self.began = {
            name: {key: weight.clone() for key, weight in network.state_dict().items()}
            for name, network in self.networks.items()
        }

    def follow(self, arrays, epsilon):
        """Repeats a trace from its start: returns the losses of the first step and the final weights."""
        self.follows = True
        for name, state in self.state(arrays, "start").items():
            self.networks[name].load_state_dict(state, strict=False)
        self.begins()
        self.random.set_state(arrays["start/random/generator"])
        for adam in self.optimizers:
            for group in adam.param_groups:
                group["eps"] = epsilon
        first, at = {}, 0
        while f"data/{at}" in arrays:
            inputs = [arrays[f"{side}/{at}"] for side in ("data", "other") if f"{side}/{at}" in arrays]
            losses = self.step(*(x.to(torch.get_default_dtype()) for x in inputs))
            first = first or {name: float(loss) for name, loss in losses.items()}
            at += 1
        return first, {name: network.state_dict() for name, network in self.networks.items()}


def compare(make, arrays, epsilon):
    """Largest relative errors of Belamy, and of the peer in single precision, against the peer in double precision.

    "loss": of the losses of the first step. "weight": of the tensors of weights, relative to how far they moved, since
    weights that do not move would be almost right.
    """
    peer = make()
    ended = peer.state(arrays, "end")
    single_losses, single = peer.follow(arrays, epsilon)
    torch.set_default_dtype(torch.float64)
    exact_peer = make()
    losses, exact = exact_peer.follow(arrays, epsilon)
    relative = lambda value, wanted: abs(value - wanted) / max(abs(wanted), 1e-3)
    ours = {"loss": max(relative(float(arrays[f"record/0/{name}"]), losses[name]) for name in losses), "weight": 0.0}
    own = {"loss": max(relative(single_losses[name], losses[name]) for name in losses), "weight": 0.0}
    for name, start in exact_peer.began.items():
        for key in ended[name]:
            if f"{name}.{key}" in peer.idle or not start[key].is_floating_point():
                continue
            wanted = exact[name][key]
            moved = (wanted - start[key]).norm().clamp_min(1e-12)
            for errors, value in ((ours, ended[name][key]), (own, single[name][key])):
                errors["weight"] = max(errors["weight"], float((value - wanted).norm() / moved))
    return {"belamy": ours, "peer": own}


def serve(work, load=0.0):
    print(json.dumps({"load": load}), flush=True)
    for line in sys.stdin:
        if line == "memory\n":
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, flush=True)
            continue
        begin = time.perf_counter()
        work(int(line))
        print(time.perf_counter() - begin, flush=True)


def mnist_batches(folder, batch):
    """Endless batches, read as is usual with torchvision."""
    import torchvision

    data = torchvision.datasets.MNIST(
        folder,
        transform=torchvision.transforms.Compose(
            [torchvision.transforms.ToTensor(), torchvision.transforms.Normalize(0.5, 0.5)]
        ),
    )
    loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, drop_last=True)
    while True:
        for images, _ in loader:
            yield (images,)


def main(make):
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", nargs="*", help="name=number: arguments of the peer")
    parser.add_argument("--trace", help="repeat this trace of bench_worker and print the largest relative errors")
    parser.add_argument("--epsilon", type=float, help="Adam's epsilon in the trace")
    parser.add_argument("--mnist", help="train on MNIST from this folder instead of random numbers")
    parser.add_argument("--device", default="cpu", help="where it computes, such as cuda")
    parser.add_argument("--compile", action="store_true", help="use torch.compile for its networks")
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    torch.manual_seed(1)
    settings = {name: int(value) for name, value in (word.split("=") for word in arguments.settings)}
    if arguments.trace:
        print(json.dumps(compare(lambda: make(**settings), read_safetensors(arguments.trace), arguments.epsilon)))
        return
    if arguments.device != "cpu":
        Peer.device = arguments.device
        torch.set_default_device(arguments.device)
    peer = make(**settings)
    if arguments.compile:
        for network in peer.networks.values():
            network.compile()
    begin = time.perf_counter()
    if arguments.mnist:
        batches = mnist_batches(arguments.mnist, peer.batch)
    else:
        pool = [[torch.rand(peer.batch, *shape) * 2 - 1 for shape in peer.shapes] for _ in range(POOL)]
        batches = (pool[i % POOL] for i in range(sys.maxsize))

    def steps(n):
        for _ in range(n):
            losses = peer.step(*next(batches))
        [float(loss) for loss in losses.values()]

    loaded = time.perf_counter() - begin
    steps(3)
    serve(steps, loaded)
