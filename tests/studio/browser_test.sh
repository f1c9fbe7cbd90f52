#!/usr/bin/env bash
# The studio in a real browser: tests/studio/walk.py goes through every page. Ends with 77 (skipped) where there is no
# Chromium, or no Python package to drive it with.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
python=/usr/bin/python3
[[ -x $python ]] || python=python3
if ! "$python" -c 'import sys; sys.path.insert(0, sys.argv[1]); import browser; sys.exit(not browser.find_browser())' \
  "$SOURCE/tests/studio" 2>/dev/null; then
  echo "the studio's browser test: SKIPPED, it needs chromium-headless-shell (or chromium) and python3-websocket" >&2
  exit 77
fi
export XDG_RUNTIME_DIR=$scratch/runtime
"$BELAMY" train vae --data glyphs --set limit=400 --set data.size=28 --set code=2 --set 'hidden=[64]' --steps 60 \
  --set train.sample_every=20 --set train.checkpoint_every=20 --set train.threads=1 --out runs/codes >/dev/null 2>&1
"$BELAMY" train dcgan --data glyphs --set limit=200 --set model.width=4 --steps 12 --set train.sample_every=3 \
  --set train.threads=1 --set train.log_seconds=0 --out runs/letters >/dev/null 2>&1
"$python" "$SOURCE/tests/studio/walk.py" "$BELAMY" "${STUDIO_SHOTS:-}" || fail "the walk through the studio"
