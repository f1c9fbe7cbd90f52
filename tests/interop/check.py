"""check.py RUN CHECKPOINTS: reads a run of Belamy with safetensors and TensorBoard, and compares with metrics.jsonl."""

import json
import math
import sys
from pathlib import Path

import numpy
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from belamy_run import Run  # noqa: E402


def check_checkpoints(run, count):
    files = sorted((run / "checkpoints").glob("*.safetensors"))
    assert len(files) == count, f"{len(files)} checkpoints instead of {count}"
    loaded = [load_file(file) for file in files]
    for file, arrays in zip(files, loaded):
        assert arrays, f"{file.name} is empty"
        assert arrays.keys() == loaded[0].keys(), f"{file.name} has other names than {files[0].name}"
        for name, array in arrays.items():
            assert array.shape == loaded[0][name].shape, f"{file.name}: {name} changed its shape"
            assert array.dtype.kind != "f" or numpy.isfinite(array).all(), f"{file.name}: {name} is not finite"
    first, last = loaded[0], loaded[-1]
    weights = [name for name in first if name.endswith(".weight") and first[name].dtype == numpy.float32]
    assert weights, "no array is called *.weight"
    moved = sum(not numpy.array_equal(first[name], last[name]) for name in weights)
    assert moved > 0, "no weight differs between the first and the last checkpoint"
    return f"{len(files)} checkpoints of {len(first)} arrays, {moved} of {len(weights)} weights moved"


def check_events(run):
    written = {}
    with open(run / "metrics.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            for name in row.keys() - {"step", "time"}:
                written.setdefault(name, []).append((row["step"], row[name]))
    assert written, "metrics.jsonl holds no values"

    events = EventAccumulator(str(run), size_guidance={"scalars": 0})
    events.Reload()
    tags = set(events.Tags()["scalars"])
    assert tags == written.keys(), f"TensorBoard has {sorted(tags)}, metrics.jsonl has {sorted(written)}"
    for name, rows in written.items():
        scalars = events.Scalars(name)
        assert [scalar.step for scalar in scalars] == [step for step, _ in rows], f"{name}: steps differ"
        for scalar, (step, value) in zip(scalars, rows):
            if value is None:  # JSON knows no NaN
                assert not math.isfinite(scalar.value), f"{name}, step {step}: {scalar.value} instead of not finite"
            else:  # events hold 32 bits
                same = numpy.isclose(scalar.value, value, rtol=1e-5, atol=1e-12)
                assert same, f"{name}, step {step}: {scalar.value} instead of {value}"
    return f"{len(written)} scalars at {len(next(iter(written.values())))} steps"


def check_reader(run):
    read = Run(run)
    steps, losses = read.curve("loss/generator")
    with open(run / "metrics.jsonl") as lines:
        rows = [json.loads(line) for line in lines]
    assert steps.tolist() == [row["step"] for row in rows if "loss/generator" in row]
    assert numpy.allclose(losses, [row["loss/generator"] for row in rows if "loss/generator" in row])
    assert read.settings["model"]["name"] == "gan" and read.settings["train"]["batch"] == 32
    last = read.checkpoints()[-1]
    direct = load_file(run / "checkpoints" / f"step-{last:08d}.safetensors")
    assert read.weights().keys() == direct.keys()
    assert all(numpy.array_equal(value, direct[name]) for name, value in read.weights(last).items())
    for wrong in (lambda: read.curve("loss/nothing"), lambda: read.weights(1)):
        try:
            wrong()
        except KeyError as error:
            assert "there are" in str(error)
        else:
            raise AssertionError("a wrong name is not refused")
    assert list(read.samples())[-1] == last
    return f"{len(read.curves())} curves, {len(direct)} arrays"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print("safetensors:", check_checkpoints(folder, int(sys.argv[2])))
    print("TensorBoard:", check_events(folder))
    print("python/belamy_run.py:", check_reader(folder))
