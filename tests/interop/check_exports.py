"""check_exports.py DIR WEIGHTS: computes each FILE.onnx of a folder with onnxruntime, and compares with the examples beside it."""

import sys
from pathlib import Path

import numpy
import onnxruntime
from safetensors.numpy import load_file

worst, count = 0, 0
for file in sorted(Path(sys.argv[1]).glob("*.onnx")):
    examples = load_file(file.with_suffix(".safetensors"))
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    inputs = {each.name: examples[each.name] for each in session.get_inputs()}
    (output,) = session.get_outputs()
    expected = examples[output.name]
    # A batch of another size than that of the examples as well.
    for n in (len(expected), 2):
        (made,) = session.run(None, {name: value[:n] for name, value in inputs.items()})
        assert made.shape == expected[:n].shape, f"{file.name}: {made.shape} instead of {expected[:n].shape}"
        difference = abs(made.astype(float) - expected[:n]).max() / max(1e-6, abs(expected).max())
        assert difference < 1e-4, f"{file.name}: differs by {difference:.2g} of the largest value"
        worst = max(worst, difference)
    count += 1
assert count > 0, "nothing was exported"
assert all(value.size for value in load_file(sys.argv[2]).values()), "weights"
print(f"exports: {count} files agree with onnxruntime, by at most {worst:.1e} of the largest value")
