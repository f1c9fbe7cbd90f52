"""scikit-learn's BernoulliRBM 784x500, batch 100, on random pixels.

partial_fit is one step of persistent contrastive divergence, as fit makes it for each batch.
"""
import numpy as np
from harness import serve
from sklearn.neural_network import BernoulliRBM

rng = np.random.RandomState(1)
pixels = (rng.rand(100 * 20, 784) < 0.13).astype(np.float32)
machine = BernoulliRBM(n_components=500, batch_size=100, learning_rate=0.05, random_state=1)
batches = [pixels[i : i + 100] for i in range(0, len(pixels), 100)]


def steps(n):
    for i in range(n):
        machine.partial_fit(batches[i % len(batches)])


steps(len(batches))
serve(steps)
