#!/usr/bin/env bash
# Files of PyTorch: what torch.save writes comes in with its bits, and what Belamy exports computes the same there.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

python=/usr/bin/python3
if ! "$python" -c 'import torch' 2>/dev/null; then
  echo "SKIPPED: this Python has no PyTorch (bench/setup installs Debian's)"
  exit 77
fi

cat >save.py <<'PYTHON'
import collections, os, torch
torch.manual_seed(1)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(5, 2))
state = net.state_dict()
state["last"] = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
state["half"], state["brain"], state["double"] = torch.randn(7).half(), torch.randn(7).bfloat16(), torch.randn(3).double()
state["whole"], state["bytes"], state["flags"] = torch.arange(5), torch.arange(5).byte(), torch.arange(5) > 2
state["part"] = torch.arange(20.0).view(4, 5)[1:3, ::2]
state["scalar"] = torch.tensor(3.5)
state["tied"] = state["0.weight"]
torch.save(state, "new.pth")
torch.save(state, "old.pth", _use_new_zipfile_serialization=False)
torch.save({"state_dict": state, "epoch": 3, "rates": [0.1, 0.2], "name": "x"}, "nested.pth")
torch.save({"net": net}, "module.pth")

class Evil:
    def __reduce__(self):
        return os.system, ("touch owned",)
torch.save({"w": torch.zeros(2), "evil": Evil()}, "evil.pth")
PYTHON
"$python" save.py

cat >same.py <<'PYTHON'
import json, sys, torch
def read(path):
    raw = open(path, "rb").read()
    length = int.from_bytes(raw[:8], "little")
    head = json.loads(raw[8:8 + length])
    head.pop("__metadata__", None)
    return {name: (each, raw[8 + length + each["data_offsets"][0]:8 + length + each["data_offsets"][1]]) for name, each in head.items()}
def bits(tensor):
    return bytes(tensor.detach().contiguous().reshape(-1).view(torch.uint8).tolist()) if tensor.dim() else bytes(tensor.reshape(1).view(torch.uint8).tolist())
if sys.argv[1] == "weights":
    state = torch.load("new.pth")
    found = read(sys.argv[2])
    prefix = sys.argv[3] if len(sys.argv) > 3 else ""
    assert found.keys() == {prefix + name for name in state}, sorted(found)
    for name, tensor in state.items():
        about, raw = found[prefix + name]
        assert about["shape"] == list(tensor.shape), name
        assert raw == bits(tensor), name
else:
    examples = {name: torch.frombuffer(bytearray(raw), dtype=torch.float32).view(each["shape"]) for name, (each, raw) in read("examples.safetensors").items()}
    program = torch.jit.load("g.pt")
    made = program(examples["latent"])
    assert torch.allclose(made, examples["image"], atol=1e-5), (made - examples["image"]).abs().max()
    assert program(examples["latent"][:2]).shape[0] == 2
PYTHON

for kind in new old; do
  expect_code 0 "$BELAMY" weights import "$kind.pth" --as "$kind"
  expect_code 0 "$python" same.py weights "$BELAMY_CACHE/weights/$kind.safetensors"
done
expect_code 0 "$BELAMY" weights import nested.pth --as nested
expect_code 0 "$python" same.py weights "$BELAMY_CACHE/weights/nested.safetensors" state_dict.
expect_code 0 "$BELAMY" weights info new.pth
expect_text "0.weight"
expect_failure 3 "$BELAMY" weights import module.pth --as module
expect_text "an object of Python, 'torch.nn.modules.container.Sequential'"
expect_failure 3 "$BELAMY" weights import evil.pth --as evil
expect_text "an object of Python, 'posix.system'"
[[ ! -e owned ]] || fail "the file was run"

expect_code 0 "$BELAMY" train dcgan --data glyphs --set data.size=16 --set data.limit=64 --set model.width=4 --set train.threads=1 --steps 2 --out run
expect_code 0 "$BELAMY" export run --to g.pt --examples examples.safetensors
expect_code 0 "$python" same.py graph

# VGG16 of torchvision is Belamy's under other names, and sees its own kind of input.
cat >vgg.py <<'PYTHON'
import sys, torch
torch.manual_seed(1)
plan = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
state, layer, before = {}, 0, 3
for each in plan:
    if each == "M":
        layer += 1
        continue
    state[f"features.{layer}.weight"] = torch.randn(each, before, 3, 3) * (2 / (9 * before)) ** 0.5
    state[f"features.{layer}.bias"] = torch.zeros(each)
    layer, before = layer + 2, each
state["classifier.0.bias"] = torch.zeros(4096)
torch.save(state, "vgg16.pth")
torch.save({"state_dict": {"module." + name: tensor for name, tensor in state.items()}, "epoch": 3}, "nested.pth")
PYTHON
"$python" vgg.py
expect_code 0 "$BELAMY" weights import vgg16.pth --as vgg16-torchvision
expect_code 0 "$BELAMY" weights info vgg16-torchvision
expect_text "vgg16-conv"
expect_code 0 "$BELAMY" stylize --features vgg16-torchvision --content "$SOURCE/docs/gallery/vae-mnist.png" --style "$SOURCE/docs/gallery/gan-mnist.png" --size 32 --steps 2 --out styled.png
expect_file styled.png

# A checkpoint of a training has them under longer names, which a map shortens.
expect_code 0 "$BELAMY" weights import nested.pth --as vgg16-nested
expect_text "warning: it is not vgg16-conv: it lacks 26 of 26 tensors"
echo "state_dict.module.* = *" >map.txt
expect_code 0 "$BELAMY" weights import nested.pth --as vgg16-nested --map map.txt --force
expect_code 0 "$BELAMY" weights info vgg16-nested
expect_text "^network +vgg16-conv"
expect_text "^  input = RGB, torchvision's normalisation$"
expect_code 0 "$BELAMY" stylize --features vgg16-nested --content "$SOURCE/docs/gallery/vae-mnist.png" --style "$SOURCE/docs/gallery/gan-mnist.png" --size 32 --steps 2 --out nested.png
expect_same styled.png nested.png

# The weights of an .onnx file: those of our own export.
expect_code 0 "$BELAMY" export run --to g.onnx
expect_code 0 "$BELAMY" weights import g.onnx --as from-onnx
expect_code 0 "$BELAMY" weights info from-onnx
expect_text "generator.2.running_mean"
