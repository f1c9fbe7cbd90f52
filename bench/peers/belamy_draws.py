"""Belamy's normal draws again, in NumPy: a peer needs them to repeat a trace. src/nn/draw_kernel.cpp draws them."""
import math

import numpy as np
import torch

BLOCK, LANES = 64, 16  # numbers that are drawn together: four for each lane
MULTIPLIERS, WEYL = (0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)


def philox(counters, key):
    """Philox4x32-10 (Salmon et al. 2011): four random words for each counter."""
    c = [counters & LOW, counters >> np.uint64(32), np.zeros_like(counters), np.zeros_like(counters)]
    keys = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = (c[2 * i] * np.uint64(MULTIPLIERS[i]) for i in range(2))
        high_a, high_b = a >> np.uint64(32), b >> np.uint64(32)
        c = [high_b ^ c[1] ^ np.uint64(keys[0]), b & LOW, high_a ^ c[3] ^ np.uint64(keys[1]), a & LOW]
        keys = [(k + w) & 0xFFFFFFFF for k, w in zip(keys, WEYL)]
    return c


def normal(size, generator):
    """Draws from N(0, 1), single precision: Box and Muller's. The generator gives the key, 64 bits."""
    key = int(torch.empty((), dtype=torch.int64).random_(-(2**63), None, generator=generator)) % 2**64
    count = math.prod(size)
    blocks = -(-count // BLOCK)
    words = philox(np.arange(blocks * LANES, dtype=np.uint64), key)
    uniform = [(word >> np.uint64(8)).astype(np.float32) * np.float32(2**-24) for word in words]
    values = []
    for u, turn in (uniform[:2], uniform[2:]):
        radius = np.sqrt(-2 * np.log((u + np.float32(2**-25)).astype(np.float64)))
        angle = 2 * np.pi * turn.astype(np.float64)
        values += [radius * np.sin(angle), radius * np.cos(angle)]
    in_order = np.stack(values).reshape(4, blocks, LANES).transpose(1, 0, 2).reshape(-1)[:count]
    return torch.from_numpy(in_order.astype(np.float32)).view(size)
