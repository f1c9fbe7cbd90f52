#!/usr/bin/env bash
# Samples of given classes, and settings that matter only when a run is used.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

make_images images 80
small=(--set train.threads=1 --set "model.hidden=[16]")
expect_code 0 "$BELAMY" train conditional-vae --data images --steps 60 --out conditional "${small[@]}" --set model.code=2

# --- Classes ---
expect_code 0 "$BELAMY" sample conditional --class all -n 9 --out all.npz
expect_text "10 samples of conditional-vae"
expect_code 0 "$BELAMY" data info all.npz
expect_text "0 +[1-5]"
expect_text "1 +[1-5]"
expect_code 0 "$BELAMY" sample conditional --class top -n 6 --out top.npz
expect_code 0 "$BELAMY" sample conditional --class 1 -n 6 --out one.npz
expect_same top.npz one.npz
expect_code 0 "$BELAMY" sample conditional --class left,top -n 16 --out grid.png
expect_text "16 samples"
expect_code 0 "$BELAMY" sample conditional --class all -n 16 --out again.png
expect_same grid.png again.png
# Eight columns and two rows of 16 pixels, four times as large, with gaps of 2.
[[ $(od -An -tu1 -j16 -N8 grid.png | xargs) == "0 0 2 14 0 0 0 130" ]] || fail "the grid has not one row a class"
expect_failure 3 "$BELAMY" sample conditional --class bottom
expect_text "no class is called 'bottom'"
expect_text "left, top"
expect_code 0 "$BELAMY" evaluate conditional --samples 200
expect_text "class agreement +[01]\.[0-9]+"
grep -q '"class agreement"' conditional/evaluation.json || fail "the agreement is not kept"

# Of two classes that are easy to draw, a classifier learns from samples nearly as much as from images.
expect_code 0 "$BELAMY" evaluate conditional --samples 100 --measures classification-accuracy-score --measures confidence
expect_text "classification accuracy score +(0\.[5-9]|1)[0-9.]*"
expect_text "classification accuracy of real images +(0\.9|1)[0-9.]*"
expect_text "confidence of the classifier +(0\.[5-9]|1)[0-9.]*"
expect_text "entropy of the classifier +0\.[0-9]*"

expect_code 0 "$BELAMY" train gan --data images --steps 2 --out gan "${tiny[@]}"
expect_failure 2 "$BELAMY" evaluate gan --measures classification-accuracy-score
expect_text "gan cannot draw samples of a given class"
expect_failure 2 "$BELAMY" sample gan --class left
expect_text "gan cannot draw samples of a given class"
expect_text "models that can: .*conditional-vae"

# --- Settings of use ---
expect_code 0 "$BELAMY" train rbm --data images --steps 4 --out rbm --set train.threads=1 --set model.hidden=16 --set use.gibbs_steps=20
grep -q '^gibbs_steps = 20$' rbm/resolved.toml || fail "the run does not keep its settings of use"
expect_code 0 "$BELAMY" sample rbm -n 4 --out twenty.npz
expect_code 0 "$BELAMY" sample rbm -n 4 --out set.npz --set use.gibbs_steps=20
expect_same twenty.npz set.npz
expect_code 0 "$BELAMY" sample rbm -n 4 --out one.npz --set use.gibbs_steps=1
expect_different twenty.npz one.npz
expect_failure 2 "$BELAMY" sample rbm --set use.gibs_steps=1
expect_text "did you mean 'use.gibbs_steps'"
expect_failure 2 "$BELAMY" evaluate rbm --set model.hidden=8
expect_text "only settings of use can be changed in a trained run"
expect_text "rbm has use.gibbs_steps"
expect_failure 2 "$BELAMY" sample gan --set use.gibbs_steps=1
expect_text "unknown setting 'use.gibbs_steps'"
# A run of an earlier version has the setting under its old name.
sed -i -e '/^\[use\]$/d' -e '/^gibbs_steps = 20$/d' -e 's/^\[model\]$/[model]\nsample_steps = 20/' rbm/resolved.toml
expect_code 0 "$BELAMY" sample rbm -n 4 --out old.npz
expect_same twenty.npz old.npz

# --- Data that the model would never read ---
make_images other 20
expect_failure 2 "$BELAMY" train dbn --data images --set data.target=other --out never --steps 2
expect_text "dbn learns from one set, but these data are two domains"
expect_text "remove data.target"
expect_failure 2 "$BELAMY" train gan --data glyphs-bold --out never --steps 2
expect_text "gan learns from one set, but these data are pairs"
expect_none never/checkpoints
