"""Reads runs of Belamy: settings, curves, scores and weights. Copy this file; it needs numpy and safetensors only.

    from belamy_run import Run
    run = Run("runs/ring")
    steps, losses = run.curve("loss/generator")
    weights = run.weights()                 # of the newest checkpoint, by name
    run.settings["model"]["latent"]
"""
import json
import math
import tomllib
from pathlib import Path

import numpy
from safetensors import safe_open


class Run:
    """The folder of a run. It is only read; a training may be writing to it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not (self.folder / "resolved.toml").is_file():
            raise FileNotFoundError(f"{folder} is no run of Belamy: it has no resolved.toml")

    @property
    def settings(self):
        """All settings of the run as nested dictionaries: settings["train"]["batch"]."""
        return tomllib.loads((self.folder / "resolved.toml").read_text(encoding="utf-8"))

    @property
    def about(self):
        """The data, the machine and the versions of the programs."""
        return self._json("about.json", {})

    @property
    def scores(self):
        """What `belamy evaluate` measured, with the passport of each score; empty before."""
        return self._json("evaluation.json", {})

    def curves(self):
        """All metrics by name: (steps, values), float64; values that were not finite are nan."""
        found = {}
        path = self.folder / "metrics.jsonl"
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                break  # a line that is being written
            for name, value in row.items():
                if name != "step":
                    found.setdefault(name, []).append((row["step"], math.nan if value is None else float(value)))
        return {name: tuple(numpy.array(rows, dtype=float).T) for name, rows in found.items()}

    def curve(self, name):
        """The steps and values of one metric."""
        found = self.curves()
        if name not in found:
            raise KeyError(f"no metric '{name}'; there are {', '.join(sorted(found))}")
        return found[name]

    def checkpoints(self):
        """Steps of the checkpoints, the newest last."""
        return sorted(int(path.stem.removeprefix("step-")) for path in (self.folder / "checkpoints").glob("step-*.safetensors"))

    def weights(self, step=None):
        """Arrays by name, of the newest checkpoint or that of `step`: parameters and buffers of the model, and the states of the
        optimisers and of the training."""
        known = self.checkpoints()
        if not known:
            raise FileNotFoundError(f"{self.folder} has no checkpoint yet")
        chosen = known[-1] if step is None else step
        if chosen not in known:
            raise KeyError(f"no checkpoint of step {step}; there are {known}")
        with safe_open(self.folder / "checkpoints" / f"step-{chosen:08d}.safetensors", framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}

    def samples(self):
        """The pictures of the training by their step."""
        return {int(path.stem.removeprefix("step-")): path for path in sorted((self.folder / "samples").glob("step-*.png"))}

    def _json(self, name, otherwise):
        path = self.folder / name
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else otherwise
