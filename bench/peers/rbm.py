"""scikit-learn's BernoulliRBM 784x500, batch 100, on random pixels: prints images per second of some passes.

partial_fit is one step of persistent contrastive divergence, as fit makes it for each batch.
"""
import sys
import time

import numpy as np
from sklearn.neural_network import BernoulliRBM

steps = int(sys.argv[1])
rng = np.random.RandomState(1)
pixels = (rng.rand(100 * 20, 784) < 0.13).astype(np.float32)
machine = BernoulliRBM(n_components=500, batch_size=100, learning_rate=0.05, random_state=1)
batches = [pixels[i : i + 100] for i in range(0, len(pixels), 100)]
for batch in batches:
    machine.partial_fit(batch)
begin = time.perf_counter()
for step in range(steps):
    machine.partial_fit(batches[step % len(batches)])
print(steps * 100 / (time.perf_counter() - begin))
