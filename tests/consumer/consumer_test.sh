#!/usr/bin/env bash
# Installs Belamy into an empty prefix, then configures, builds and runs a project that finds it there.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$BUILD" --prefix "$scratch/first" >"$scratch/install.log"
# An installation must not depend on where it was made.
mv "$scratch/first" "$scratch/prefix"

# The build's own choices count for the consumer: its LibTorch, and its sanitizers, which a library cannot bring along.
cached() { sed -nE "s/^$1:[A-Z]+=//p" "$BUILD/CMakeCache.txt"; }
flags=""
if [[ $(cached BELAMY_SANITIZE) == ON ]]; then flags="-fsanitize=address,undefined"; fi
cmake -S "$SOURCE/tests/consumer" -B "$scratch/build" -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=$flags" \
  "-DCMAKE_PREFIX_PATH=$scratch/prefix" "-DTorch_DIR=$(cached Torch_DIR)"
cmake --build "$scratch/build"

found=$("$scratch/build/consumer")
if [[ $found != "points 5x2, exit code 2" ]]; then
  echo "FAILED: the consumer printed '$found'" >&2
  exit 1
fi

# The installed program runs with the library beside it; its recipes and its completion are there.
program=$scratch/prefix/bin/belamy
libraries=$(ldd "$program")
recipes=$("$program" recipes)
if [[ $libraries != *"libbelamy.so.0 => $scratch/prefix/"* ]]; then
  printf 'FAILED: the installed program does not use the installed library:\n%s\n' "$libraries" >&2
  exit 1
fi
if [[ $recipes != *dcgan-mnist* ]]; then
  printf 'FAILED: the installed program does not list its recipes:\n%s\n' "$recipes" >&2
  exit 1
fi
for file in belamy/recipes/gan/dcgan-mnist.toml bash-completion/completions/belamy zsh/vendor-completions/_belamy \
  fish/vendor_completions.d/belamy.fish man/man1/belamy.1; do
  if [[ ! -s $scratch/prefix/share/$file ]]; then
    echo "FAILED: share/$file is not installed" >&2
    exit 1
  fi
done
bash -n "$scratch/prefix/share/bash-completion/completions/belamy"
