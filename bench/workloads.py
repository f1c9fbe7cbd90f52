"""The workloads of bench/run and bench/parity, one line each."""
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", ROOT / "build")).resolve()
PEERS = ROOT / "bench/peers"


@dataclass
class Workload:
    name: str
    work: list  # arguments of bench_worker: task, recipe, settings
    peer: list  # the script and its arguments
    items: int  # images in one unit of work
    target: float = None  # the ratio to reach
    players: tuple = ()  # bench/parity compares their weights; empty: no comparison
    steps: int = 3  # steps of the comparison
    # Adam's in the comparison: its first steps are the sign of a gradient, even of one that is nothing but rounding.
    epsilon: float = 1e-3
    real_data: bool = False

    def belamy(self, threads, device="cpu"):
        training = [f"train.threads={threads}", f"train.device={device}"] if self.work[0] in ("train", "sample") else []
        return self.work + training


def train(recipe, batch, *settings):
    return ["train", recipe, f"train.batch={batch}", *settings]


GAN = ["model.generator=[128,256,512,1024]", "model.discriminator=[512,256]", "model.latent=100", "model.dropout=0",
       "optimizer.generator.average=0"]
WASSERSTEIN = ["model.objective=wasserstein", "model.gradient_penalty=10", "model.critic_steps=5"]
DCGAN = ["model.width=64", "model.latent=100", "optimizer.generator.average=0"]
VAE = ["model.hidden=[400]", "model.code=20"]
CYCLEGAN = ["model.width=64", "model.blocks=6", "optimizer.generators.schedule=constant",
            "optimizer.critic_a.schedule=constant", "optimizer.critic_b.schedule=constant"]
MADE = ["model.hidden=[500]", "model.binarise=threshold", "optimizer.made.average=0"]
PIXELCNN = ["model.width=16", "model.blocks=7", "model.binarise=threshold", "optimizer.pixelcnn.average=0"]
DIFFUSION = ["model.width=48", "model.multipliers=[1,2]", "model.patch=2", "optimizer.denoiser.lr=1e-3",
             "optimizer.denoiser.warmup=0", "optimizer.denoiser.average=0"]
SMALL, LARGE, MNIST = "data.source=noise-28.npz", "data.source=noise-64.npz", "data.source=mnist"
GAME = ("generator", "discriminator")

WORKLOADS = [
    Workload("mlp-gan-28", train("gan", 64, SMALL, *GAN), ["gan.py"], 64, 2.0, GAME),
    Workload("wgan-gp-28", train("gan", 64, SMALL, *GAN, *WASSERSTEIN), ["gan.py", "wasserstein=1"], 64, 2.0, GAME, 6),
    Workload("vae-784-400-20", train("vae", 128, SMALL, *VAE), ["vae.py"], 128, 2.4, ("vae",)),
    Workload("dcgan-28", train("dcgan", 64, SMALL, *DCGAN), ["dcgan.py", "side=28", "channels=1"], 64, None, GAME),
    Workload("dcgan-64", train("dcgan", 64, LARGE, *DCGAN), ["dcgan.py"], 64, 1.6, GAME),
    Workload("cyclegan-64", train("cyclegan", 1, LARGE, "data.target=others-64.npz", *CYCLEGAN), ["cyclegan.py"], 1, 1.5,
             ("generators", "critic_a", "critic_b")),
    Workload("rbm-784x500", train("rbm", 100, SMALL, "model.hidden=500"), ["rbm.py"], 100, 2.5),
    Workload("made-784", train("made", 100, SMALL, *MADE), ["made.py"], 100, None, ("made",)),
    # In a step, some of 2.5 million rectified values are so near zero that rounding decides whether they pass. On noise,
    # whose gradients cancel, one of them changes the gradient by up to 1e-3.
    Workload("pixelcnn-28", train("pixelcnn", 50, SMALL, *PIXELCNN), ["pixelcnn.py"], 50, None, ("pixelcnn",), 2, 1e-2),
    Workload("glow-28", train("flow", 64, SMALL, "optimizer.flow.average=0"), ["flow.py"], 64, None, ("flow",), 3, 0.1),
    # The loss is a mean over pixels and the last layers start at zero, so gradients are small.
    Workload("diffusion-28", train("diffusion", 64, SMALL, *DIFFUSION), ["diffusion.py"], 64, None, ("denoiser",), 5, 1e-6),
    Workload("sampling-dcgan-28", ["sample", "dcgan", SMALL, *DCGAN], ["dcgan.py", "sample=1"], 1),
    Workload("feature-statistics", ["statistics"], ["statistics_of_features.py"], 1),
    Workload("mlp-gan-mnist", train("gan", 64, MNIST, *GAN), ["gan.py", "--mnist", "torchvision"], 64, 3.0, real_data=True),
    Workload("vae-mnist", train("vae", 128, MNIST, *VAE), ["vae.py", "--mnist", "torchvision"], 128, 5.0, real_data=True),
]


def write_noise(folder):
    """Random images, without flat areas, where batch norm would amplify rounding."""
    random = np.random.RandomState(1)
    for name, shape in (("noise-28", (28, 28)), ("noise-64", (64, 64, 3)), ("others-64", (64, 64, 3))):
        np.savez(Path(folder) / f"{name}.npz", images=random.randint(0, 256, (512, *shape)).astype(np.uint8))


def work(words, cwd, amount):
    """(seconds of loading, seconds of `amount` steps after as many others, peak memory in bytes) of bench_worker."""
    text = f"{amount}\n{amount}\nmemory\n"
    done = subprocess.run([BUILD / "bin/bench_worker", *words], input=text, cwd=cwd, capture_output=True, text=True, check=True)
    facts, _, took, memory = done.stdout.split("\n")[:4]
    return float(facts.split('"load": ')[1].split(",")[0]), float(took), float(memory)
