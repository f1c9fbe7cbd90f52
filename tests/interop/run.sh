#!/usr/bin/env bash
# tests/interop/run.sh PROGRAM: trains a tiny run and reads it with the Python packages that other people use: every
# checkpoint with safetensors, the events with TensorBoard, exports with onnxruntime. The packages come from PyPI into a virtual environment that
# is removed again. Ends with 77 (skipped) where PyPI cannot be reached.
set -euo pipefail
program=$(readlink -f -- "${1:?usage: tests/interop/run.sh PROGRAM}")
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 -m venv "$scratch/venv"
python=$scratch/venv/bin/python
if ! "$python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" \
  >"$scratch/pip.log" 2>&1; then
  if grep -q 'connection broken' "$scratch/pip.log"; then
    echo "interop: SKIPPED, PyPI cannot be reached" >&2
    exit 77
  fi
  cat "$scratch/pip.log" >&2
  exit 1
fi

# A line of metrics at every step, three checkpoints kept.
"$program" train gan --data ring --out "$scratch/run" --steps 60 --set train.batch=32 --set train.checkpoint_every=20 \
  --set train.keep=3 --set train.log_seconds=0 --set model.generator=[16] --set model.discriminator=[16]
"$python" "$here/check.py" "$scratch/run" 3

# What every model exports, computed by onnxruntime; and one exported by the program.
mkdir "$scratch/exports"
tests=$(dirname -- "$program")/test_conformance
if [[ -x $tests ]]; then
  BELAMY_EXPORTS=$scratch/exports "$tests" --gtest_filter='*WhatIsExported*' --gtest_brief=1
fi
"$program" export "$scratch/run" --to "$scratch/exports/gan.onnx" --examples "$scratch/exports/gan.safetensors"
"$program" export "$scratch/run" --to "$scratch/weights.safetensors"
"$python" "$here/check_exports.py" "$scratch/exports" "$scratch/weights.safetensors"
