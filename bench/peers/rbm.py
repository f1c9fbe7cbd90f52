"""scikit-learn's BernoulliRBM 784x500, batch 100, on random pixels.

A step is that of fit for one batch of persistent contrastive divergence; partial_fit would compute in float64.
"""
import numpy as np
from harness import serve
from sklearn.neural_network import BernoulliRBM

rng = np.random.RandomState(1)
pixels = (rng.rand(100 * 20, 784) < 0.13).astype(np.float32)
machine = BernoulliRBM(n_components=500, batch_size=100, learning_rate=0.05, n_iter=1, random_state=1).fit(pixels)
batches = [pixels[i : i + 100] for i in range(0, len(pixels), 100)]


def steps(n):
    for i in range(n):
        machine._fit(batches[i % len(batches)], rng)


steps(len(batches))
serve(steps)
