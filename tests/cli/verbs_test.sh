#!/usr/bin/env bash
# Every verb does its work, on tiny models and data that the test makes.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
verbs=(demo train plan steer sample sweep interpolate arithmetic mix directions project reconstruct complete translate classify localise match stylize evaluate compare score embed export reproduce studio report verify-resume models recipes data weights lab completion man docs)

# --- Help, version, lists ---
expect_code 0 "$BELAMY" --help
for verb in "${verbs[@]}"; do expect_text "^  $verb +[A-Z]"; done
for verb in "${verbs[@]}" "data list" "data info" "data doctor" "data fetch" "data pack" "weights list" "weights networks" "weights info" "weights import" "weights fetch"; do
  # shellcheck disable=SC2086  # two words
  expect_code 0 "$BELAMY" $verb --help
  expect_text "--help"
done
expect_code 0 "$BELAMY" sample --help
expect_text "--count.*1 - 10000000\](=64| \[64\])" # by the version of CLI11
expect_code 2 "$BELAMY"
expect_code 0 "$BELAMY" --version
expect_text "^libtorch +[0-9]+\.[0-9]+"
expect_text "^blas +[A-Za-z]"
expect_text "^threads +[1-9]"
expect_text "^simd +[A-Za-z]"
expect_text "^device +(cpu|cuda)"
expect_code 0 taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$BELAMY" --version
expect_text "^threads +1$" # no more than the cores it may use
expect_code 0 "$BELAMY" models
for model in autoencoder dcgan dirac-gan gan semi-gan shift-gan tempered-gan vae; do expect_text "^$model "; done
expect_code 0 "$BELAMY" models dcgan
expect_text "^can +.*sampler"
expect_text "optimizer.generator.lr +0.0002 +0 .. 100"
expect_code 0 "$BELAMY" models dcgan --json
expect_text '"name": "dcgan"'
expect_code 0 "$BELAMY" recipes
expect_text "^dcgan-glyphs +dcgan"
expect_code 0 "$BELAMY" data list
expect_text "^mnist "
expect_text "^ring "

# --- The manual page, and completion ---
"$BELAMY" man >belamy.1
grep -q '^\.SS export$' belamy.1 || fail "the manual page has no export"
grep -q '^\.B \\-\\-to TEXT' belamy.1 || fail "the manual page has no --to"
if command -v man >/dev/null; then
  man --warnings -E UTF-8 -l belamy.1 >page.txt 2>warnings.txt
  [[ ! -s warnings.txt ]] || fail "the manual page has warnings: $(head -3 warnings.txt)"
fi
for shell in zsh fish; do
  "$BELAMY" completion --shell "$shell" >"completion.$shell"
  grep -q 'export' "completion.$shell" || fail "the completion for $shell has no export"
  if command -v "$shell" >/dev/null; then "$shell" -n "completion.$shell" || fail "the completion is no $shell"; fi
done
"$BELAMY" completion >completion.sh
bash -n completion.sh || fail "the completion script is no bash"
complete_words() { # WORD...: what is offered for the last one
  bash -c 'source completion.sh; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _belamy; echo " ${COMPREPLY[*]} "' \
    "$0" belamy "$@"
}
expect_offer() { # OFFER WORD...
  local offers
  offers=$(complete_words "${@:2}")
  [[ $offers == *" $1 "* ]] || fail "'belamy ${*:2}' is completed to '$offers', without $1"
}
expect_offer train tr
expect_offer dcgan train dc
expect_offer dcgan-mnist train dc
expect_offer --resume train gan --re
expect_offer mnist train gan --data mn
expect_offer doctor data "do"
expect_offer import weights im
expect_offer --seed sample run --se
expect_offer shift-gan lab sh
expect_offer gan-parzen-mnist reproduce gan-p

# --- Data ---
make_images images 60
expect_code 0 "$BELAMY" data info images
expect_text "^train .*54.*16x16"
expect_text "^test .*6.*16x16"
expect_text "left +2[0-9]"
expect_code 0 "$BELAMY" data doctor images
expect_text "no problems in 60 files"
expect_code 0 "$BELAMY" data pack images --out packed.zip
expect_text "packed.zip"
expect_file packed.zip
expect_code 0 "$BELAMY" data info packed.zip
expect_text "16x16"
expect_text "left +[23][0-9]"

# --- Training ---
expect_code 0 "$BELAMY" train gan --data ring --steps 20 --dry-run --set train.batch=7
expect_text "^batch = 7$"
expect_text "^steps = 20$"
expect_text "# player generator: [0-9,]+ parameters"
expect_text "20 steps, would be written to runs/gan"
expect_none runs
expect_code 0 "$BELAMY" train gan-ring --steps 10 --out recipe --set train.threads=1
expect_text "step 10/10"
expect_text "done: 10 steps"
expect_code 0 "$BELAMY" train dcgan --data glyphs --set data.limit=100 --epochs 1 --dry-run
expect_text "# 100 examples, 2 steps"
expect_code 0 "$BELAMY" train gan --data ring --steps 20 "${tiny[@]}"
expect_file runs/gan/{report.html,resolved.toml,metrics.jsonl} "$(newest runs/gan)"
expect_code 0 "$BELAMY" train --resume --out runs/gan --steps 30
expect_text "resuming from step 20"
expect_text "step 30/30"

expect_code 0 "$BELAMY" train gan --data images --steps 10 --out gan "${tiny[@]}"
expect_code 0 "$BELAMY" train dcgan --data packed.zip --steps 3 --out dcgan --set train.threads=1 \
  --set model.width=8 --set train.batch=16
expect_code 0 "$BELAMY" train autoencoder --data images --steps 20 --out autoencoder --set train.threads=1 \
  --set "model.hidden=[16]"
expect_code 0 "$BELAMY" train vae --data images --steps 20 --out vae --set train.threads=1 --set "model.hidden=[16]"

# --- Samples ---
expect_code 0 "$BELAMY" sample gan -n 9 --out grid.png
expect_text "9 samples of gan \(step 10\) in grid.png"
expect_code 0 "$BELAMY" sample gan -n 9 --out again.png
expect_same grid.png again.png
expect_code 0 "$BELAMY" sample gan -n 9 --seed 2 --out other.png
expect_different grid.png other.png
expect_code 0 "$BELAMY" train gan --data images --steps 12 --out older "${tiny[@]}" --set train.checkpoint_every=4
expect_code 0 "$BELAMY" sample older -n 9 --out newest.png
expect_code 0 "$BELAMY" sample older -n 9 --checkpoint 8 --out earlier.png
expect_text "\(step 8\)"
expect_different newest.png earlier.png
expect_failure 2 "$BELAMY" sample older -n 9 --checkpoint 4 --out none.png
expect_text "it keeps those of steps 8, 12"
expect_code 0 "$BELAMY" evaluate older -n 100 --measures diversity --checkpoint 8
expect_text "at step 8"
expect_none runs/older/evaluation.json
expect_code 0 "$BELAMY" sample dcgan -n 5 --out new/folder/
expect_file new/folder/00000{0,1,2,3,4}.png
expect_none new/folder/000005.png
expect_code 0 "$BELAMY" sample runs/gan -n 12 --out points.npz
expect_file points.npz
expect_code 0 "$BELAMY" sample runs/gan -n 12 --out points.png
expect_file points.png
# The archive of samples is a data set.
expect_code 0 "$BELAMY" sample vae -n 40 --out drawn.npz
expect_code 0 "$BELAMY" data info drawn.npz
expect_text "16x16"
expect_code 0 "$BELAMY" train gan --data drawn.npz --steps 3 --out second "${tiny[@]}"

# --- Interpolation, arithmetic and reconstruction ---
expect_code 0 "$BELAMY" interpolate gan -n 2 --steps 4 --out walk/walk
expect_file walk/walk-{linear,spherical}.{png,webp}
[[ $(head -c 12 walk/walk-linear.webp | tail -c 4) == WEBP ]] || fail "walk-linear.webp is no WebP"
expect_code 0 "$BELAMY" interpolate autoencoder -n 2 --steps 4 --path linear
expect_file interpolation-linear.{png,webp}
expect_none interpolation-spherical.png
expect_code 0 "$BELAMY" interpolate gan -n 2 --steps 4 --path linear --out walk/named.png
expect_file walk/named-linear.{png,webp}
expect_none walk/named.png-linear.png
expect_failure 2 "$BELAMY" interpolate gan -n 2 --steps 4 --out walk/named.jpg
expect_text "use --out walk/named$"
expect_failure 2 "$BELAMY" interpolate gan -n 2 --steps 4 --out walk/named.JPG
expect_text "use --out walk/named$"
expect_code 0 "$BELAMY" interpolate gan -n 2 --steps 4 --path linear --out walk/below/
expect_file walk/below/linear.{png,webp}
expect_code 0 "$BELAMY" train stylegan --data images --steps 2 --out styled --set train.threads=1 --set width=4
expect_code 0 "$BELAMY" interpolate styled -n 2 --steps 4 --path linear --space w --out walk/styles
expect_file walk/styles-linear.{png,webp}
expect_code 0 "$BELAMY" interpolate styled -n 2 --steps 4 --path linear --out walk/latents
cmp -s walk/styles-linear.png walk/latents-linear.png && fail "--space changes nothing"
expect_code 0 "$BELAMY" mix styled --rows 2 --columns 3 --layers 1-2 --out mix.png
expect_text "2 rows by 3 columns; layers 1 to 2 of"
expect_file mix.png
expect_failure 2 "$BELAMY" mix styled --layers 3-99
expect_text "numbers from 1 to"
expect_failure 2 "$BELAMY" mix gan
expect_text "gan has one latent for the whole image"
expect_code 0 "$BELAMY" directions styled -n 2 --steps 3 --out directions.png --axes directions.npz
expect_text "2 directions of w"
expect_file directions.png directions.npz
expect_code 0 "$BELAMY" directions gan -n 2 --steps 3
expect_text "2 directions of z"
expect_code 0 "$BELAMY" directions gan -n 2 --steps 3 --dimensions
expect_text "2 dimensions of z"
expect_code 0 "$BELAMY" project styled -n 2 --steps 5 --out found.png --latents found.npz
expect_text "2 latents in w; PSNR [0-9.]+ dB"
expect_file found.png found.npz
# --- export ---
expect_code 0 "$BELAMY" export gan --to g.onnx --examples examples.safetensors
expect_text "input   latent \[N, "
expect_failure 2 "$BELAMY" export gan --to g.onnx
expect_text "g.onnx: the file exists"
expect_failure 2 "$BELAMY" export gan --to g.txt
expect_text "the name must end in one of .onnx, .pt, .safetensors"
expect_failure 2 "$BELAMY" export gan --to h.onnx --what encoder
expect_text "it has decoder, scorer"
expect_failure 2 "$BELAMY" export gan --to w.safetensors --what decoder
expect_code 0 "$BELAMY" export gan --to w.safetensors
expect_code 0 "$BELAMY" export gan --to g.pt --pixels bytes

expect_code 0 "$BELAMY" project gan --data images/left/001.pgm --steps 5 --out found.png
expect_text "1 latent in z"
expect_failure 2 "$BELAMY" interpolate gan --space w
expect_text "gan has no such latents"
expect_text "choose one of: z"
expect_code 0 "$BELAMY" arithmetic vae --plus images --minus images --plus images --variations 3 --out sums.png
expect_text "row 1: \+ images, the mean of [0-9]+"
expect_text "row 4: the result"
expect_file sums.png
expect_code 2 "$BELAMY" arithmetic vae --plus nothing-of-the-kind
expect_text "neither a class .* nor a path to pictures"
for run in autoencoder vae; do
  expect_code 0 "$BELAMY" reconstruct $run --data images -n 6 --out $run.png
  expect_text "6 reconstructions in $run.png; squared error [0-9.]+ each"
  expect_file $run.png
done
expect_code 0 "$BELAMY" reconstruct autoencoder --out own.npz
expect_file own.npz

# --- Holes and larger pictures ---
expect_code 0 "$BELAMY" train inpainting --data images --steps 2 --out inpainting --set train.threads=1 \
  --set model.width=4 --set "model.dilations=[1]"
expect_text "use +belamy complete inpainting"
for mask in centre boxes strokes images/left/001.pgm; do
  expect_code 0 "$BELAMY" complete inpainting --mask $mask -n 4 --each 1 --out "filled/${mask##*/}.png"
  expect_text "4 images completed 1 time each"
done
expect_different filled/centre.png filled/boxes.png
expect_failure 2 "$BELAMY" complete inpainting --mask middle
expect_text "white pixels are the hole, or one of centre, boxes, strokes"
expect_code 0 "$BELAMY" evaluate inpainting
expect_text "PSNR in the hole +[0-9]"
expect_code 0 "$BELAMY" train srgan --data images --set data.pairs=reduced --set data.factor=2 --steps 2 --out larger \
  --set train.threads=1 --set model.width=4 --set model.blocks=1 --set train.batch=8
expect_code 0 "$BELAMY" translate larger --data images --out larger-images/
expect_text "each 2 times as wide and high"
expect_code 0 "$BELAMY" data info larger-images
expect_text "32x32"
expect_code 0 "$BELAMY" evaluate larger
expect_text "PSNR of luma of bicubic enlargement a2b"

# --- A setting of use with several values ---
expect_code 0 "$BELAMY" sweep gan --over use.truncation=2,1,0.5 -n 100 --columns 4 --measures diversity --out swept
expect_text "^use.truncation +seconds for the row of pictures +diversity"
expect_text "^0\.5 "
expect_file swept/index.html
grep -q -e "--columns 4 --seed 1 --measures diversity" swept/index.html || fail "the page does not say how it was made"
# The command that makes the page again can be copied.
cp -r gan "mine & yours"
expect_code 0 "$BELAMY" sweep "mine & yours" --over use.truncation=1 -n 100 --columns 4 --measures diversity --out swept
sed 's/&apos;/'"'/g; s/&amp;/\&/g" swept/index.html >page.txt
grep -q "belamy sweep 'mine & yours' --over use.truncation=1" page.txt || fail "the page's command is not quoted"
expect_code 0 "$BELAMY" report "mine & yours"
sed 's/&apos;/'"'/g; s/&amp;/\&/g" "mine & yours/report.html" >page.txt
grep -q "belamy sample 'mine & yours' -n 64" page.txt || fail "the report's command is not quoted"
grep -q "belamy train 'mine & yours/resolved.toml' --out 'mine & yours-again'" page.txt ||
  fail "the report's command to repeat the run is not quoted"
expect_code 2 "$BELAMY" sweep gan --over use.truncation
expect_text "gives no values"
expect_code 2 "$BELAMY" sweep gan --over use.truncatoin=1 --out misspelt
expect_text "did you mean 'use.truncation'"
expect_code 2 "$BELAMY" sweep gan --over model.latent=1,2 --out misspelt
expect_text "^belamy: --over model.latent=1,2: gan has no setting of use that is called 'model.latent'"
expect_text "it can be swept over .*use.truncation"
expect_code 2 "$BELAMY" sweep gan --over use.truncation=1,,2 --out misspelt
expect_text "^belamy: --over use.truncation=1,,2: a value is empty"
expect_code 2 "$BELAMY" sweep gan --over use.truncation=1 --measures foo --out misspelt
expect_text "no measure is called 'foo'"
expect_none misspelt
expect_code 2 "$BELAMY" sweep gan --over use.truncation=1,many --out half
expect_none half

# --- Evaluation and report ---
make_images many 400
expect_code 0 "$BELAMY" train vae --data many --steps 20 --out labelled --set train.threads=1 \
  --set "model.hidden=[16]" --set data.holdout=0.5
expect_code 0 "$BELAMY" arithmetic labelled --plus 0 --minus top --variations 3 --out numbered.png
expect_text "row 1: \+ left, the mean of [0-9]+"
expect_code 2 "$BELAMY" embed labelled -n 5 --out few.png
expect_text "choose a perplexity of 1, or more data"
expect_code 0 "$BELAMY" evaluate labelled -n 100
expect_text "reconstruction error +[0-9.]+"
expect_text "negative ELBO +[0-9.]+ nats"
expect_text "diversity +[0-9.]+"
expect_text "classifier-frechet +[0-9.]+"
expect_text "classifier-frechet floor +[0-9.]+"
expect_text "precision +[0-9.]+"
expect_text "recall +[0-9.]+"
expect_text "memorisation +[0-9.]+"
expect_code 0 "$BELAMY" train semi-gan --data moons --steps 400 --out semi --set train.threads=1 --set data.labelled=40 \
  --set "model.discriminator=[64, 64]" --set "model.generator=[32]" --set data.limit=2000
expect_code 0 "$BELAMY" evaluate semi -n 100
expect_text "classification error +0\.[01]"  # a coin would get 0.5
expect_code 0 "$BELAMY" evaluate runs/gan -n 100
expect_text "diversity +[0-9.]+"
expect_code 0 "$BELAMY" evaluate labelled -n 100 --likelihood-samples 5 --codes --parzen
expect_text "trained in .*, on the test set"
expect_text "negative log-likelihood +[0-9.]+ nats"
expect_text "an upper bound, probabilities at 2 levels, .*5 importance-weighted draws each"
expect_text "bits per dimension +[0-9.]+"
expect_text "linear probe accuracy +[0-9.]+"
expect_text "k-NN accuracy +[0-9.]+"
expect_text "k-means accuracy +[0-9.]+"
expect_text "Parzen log-likelihood +-?[0-9.]+ nats"
expect_text "Parzen of real images +-?[0-9.]+ nats"
expect_text "Parzen of k-means centroids +-?[0-9.]+ nats"
expect_code 0 "$BELAMY" train autoencoder --data many --steps 20 --out kept --set train.threads=1 \
  --set "model.hidden=[16]" --set data.validation=40 --set data.classes=top
expect_code 0 "$BELAMY" evaluate kept --split validation
expect_text "on the validation set"
# Measures by name, and two runs side by side.
expect_code 0 "$BELAMY" evaluate --list
expect_text "precision-recall +sampler"
expect_code 0 "$BELAMY" evaluate labelled -n 100 --measures diversity
expect_text "diversity +[0-9.]+"
expect_no_text "reconstruction error"
"$BELAMY" evaluate labelled -n 100 --measures diversity --json >scores.json 2>/dev/null || fail "evaluate --json fails"
[[ $(head -c 1 scores.json)$(tail -c 2 scores.json) == "{}" ]] || fail "evaluate --json prints more than one document"
for line in '"key": "diversity"' '"samples": "100"' '"protocol": "1"' '"split": "test"'; do
  grep -q "$line" scores.json || fail "scores.json has no $line"
done
expect_code 2 "$BELAMY" evaluate --list --json
BELAMY_WEIGHTS=$scratch/none expect_code 3 "$BELAMY" evaluate labelled -n 100 --measures fid
expect_text "there are no weights 'inception'"
expect_text "'belamy weights fetch inception' downloads them"
expect_code 2 "$BELAMY" evaluate labelled --measures diversty
expect_text "did you mean 'diversity'"
expect_code 2 "$BELAMY" evaluate kept --measures diversity
expect_text "autoencoder cannot draw samples"
expect_code 0 "$BELAMY" train vae --data many --steps 20 --out wider --set train.threads=1 \
  --set "model.hidden=[24]" --set data.holdout=0.5
expect_code 0 "$BELAMY" evaluate labelled -n 100 --measures diversity
expect_code 0 "$BELAMY" evaluate wider -n 100 --measures diversity
expect_code 0 "$BELAMY" compare labelled wider
expect_text "model.hidden +\[16\] +\[24\]"
expect_text "diversity +[0-9.]+ +[0-9.]+"
expect_code 0 "$BELAMY" evaluate wider -n 200 --measures diversity
expect_code 0 "$BELAMY" compare labelled wider
expect_text "diversity: samples: 100 and 200"
expect_code 2 "$BELAMY" compare labelled

rm gan/report.html
expect_code 0 "$BELAMY" report gan
expect_text "gan/report.html"
grep -q "<html" gan/report.html || fail "the report is no HTML"
if grep -Eq '(src|href)="https?:' gan/report.html; then fail "the report needs a network"; fi

# --- Scores of unusual data; maps of codes ---
expect_code 0 "$BELAMY" score kept -n 3 --out ranks/all.csv --sheet ranks/sheet.png
expect_text "^ +1 +[0-9.]+ +(/.*/)?many/(left|top)/[0-9]+.pgm +(left|top)"
expect_text "ROC AUC [0-9.]+, standard error [0-9.]+ .*: [0-9]+ usual, [0-9]+ strange data of many"
expect_file ranks/sheet.png
[[ $(wc -l <ranks/all.csv) == 41 && $(head -n 1 ranks/all.csv) == rank,score,name,label ]] ||
  fail "the list of ranks is not complete"
cut -d, -f2 ranks/all.csv | tail -n +2 >scores
sort -gr scores >sorted
expect_same scores sorted
# A foreign folder with files that are not images: all images are ranked.
make_images others 30
echo "no image" >others/left/bad.png
expect_code 0 "$BELAMY" score kept --data others --out others.csv
expect_text "warning: 1 of 31 files left out"
[[ $(wc -l <others.csv) == 31 ]] || fail "not all of a foreign folder is ranked"
expect_code 0 "$BELAMY" score kept --data others --normal left
expect_text "ROC AUC .*15 usual, 15 strange"
expect_code 0 "$BELAMY" score kept --by reconstruction --maps maps.png
expect_text "ranked by squared error of the reconstruction"
expect_text "the 16 strangest, their reconstructions, and where they are unusual: maps.png"
expect_file maps.png
expect_code 2 "$BELAMY" score kept --by darkness
expect_code 2 "$BELAMY" score gan --by density
expect_text "gan has no score 'density'"
expect_code 0 "$BELAMY" evaluate kept --measures outlier-auc
expect_text "outlier AUC reconstruction +[01]\.[0-9]+"
expect_code 0 "$BELAMY" embed kept -n 40 --perplexity 5 --out maps/codes.png
expect_text "^[0-9]+ codes of 32 values by t-SNE"
expect_file maps/codes.png
expect_code 0 "$BELAMY" train vae --data images --steps 5 --out plane --set train.threads=1 --set "model.hidden=[16]" \
  --set model.code=2
expect_code 0 "$BELAMY" embed plane --manifold --rows 4 --out manifold.png
expect_text "4 x 4 decoded latents"
expect_code 0 "$BELAMY" embed plane --out plane.png
expect_text "6 codes of 2 values as they are"

# --- A classifier as parent ---
expect_code 0 "$BELAMY" train acgan --data images --steps 2 --out judge --set train.threads=1 --set width=4
expect_code 0 "$BELAMY" train can --data images --steps 2 --out creative --set train.threads=1 --set width=4 \
  --set from.classifier=judge
rm -r judge # the run is complete without its parent
expect_code 0 "$BELAMY" classify creative --data images

# --- A bound that more draws of the latent do not tighten ---
expect_code 0 "$BELAMY" train conditional-vae --data images --steps 2 --out told --set train.threads=1 --set "model.hidden=[16]"
expect_code 2 "$BELAMY" evaluate told -n 100 --likelihood-samples 5
expect_text "likelihood of conditional-vae does not depend on --likelihood-samples"

# --- Images that are not square stay so ---
mkdir -p oblong/{a,b}
for ((k = 0; k < 20; ++k)); do
  class=$( ((k % 2)) && echo a || echo b)
  printf 'P2\n12 8\n255\n' >"oblong/$class/$k.pgm"
  for ((i = 0; i < 96; ++i)); do echo $(((7 * k + i) % 256)); done >>"oblong/$class/$k.pgm"
done
expect_code 0 "$BELAMY" train vae --data oblong --steps 5 --out flat --set train.threads=1 --set "model.hidden=[16]"
expect_code 0 "$BELAMY" reconstruct flat -n 2 --out flat.npz
expect_text "2 reconstructions"
expect_code 0 "$BELAMY" score flat --data oblong -n 2
expect_code 0 "$BELAMY" reconstruct flat --data images --out fitted.npz # squares become 12x8 as well

# --- Two domains: folders A and B of pairs, translated, keeping names and sizes ---
mkdir -p pairs/A pairs/B mine/deep
cp images/left/*.pgm pairs/A
cp images/left/*.pgm pairs/B
expect_code 0 "$BELAMY" data doctor pairs
expect_text "30 pairs in A and B: data.pairs=folders"
expect_code 0 "$BELAMY" train pix2pix --data pairs --set pairs=folders --steps 5 --out turned --set train.threads=1 \
  --set width=4 --set discriminator_width=4 --set train.batch=4
printf 'P2\n20 9\n255\n' >mine/deep/wide.pgm
for ((i = 0; i < 180; ++i)); do echo "$i"; done >>mine/deep/wide.pgm
cp images/left/001.pgm mine/one.pgm
expect_code 0 "$BELAMY" translate turned --data mine --out drawn/ --sheet drawn.png
expect_text "2 of 2 files translated a2b into drawn/"
expect_text "^1 of them have another aspect ratio than the run's"
expect_file drawn/one.png
expect_file drawn/deep/wide.png
expect_file drawn.png
[[ $(od -An -tu1 -j16 -N8 drawn/deep/wide.png | tr -s ' ') == " 0 0 0 20 0 0 0 9" ]] || fail "the size is not kept"
echo "no image" >mine/bad.png
expect_code 3 "$BELAMY" translate turned --data mine --out drawn/
expect_text "left out: .*bad.png"
expect_text "2 of 3 files translated"
expect_code 0 "$BELAMY" translate turned --out test.npz
expect_code 3 "$BELAMY" translate turned --data ring --out points/
expect_text "'ring' holds data of shape \[2\], but pix2pix was trained on \[1, 16, 16\]"
expect_none points
expect_code 0 "$BELAMY" evaluate turned
expect_text "L1 a2b +[0-9.]+"
expect_text "SSIM of copying a2b +[0-9.]+"
expect_text "retrieval a2b +[0-9.]+"
expect_code 0 "$BELAMY" train source-only --data images --set target=many --steps 5 --out named --set train.threads=1
expect_file named/pictures/*.png
expect_code 0 "$BELAMY" classify named --out classes.csv -n 3
expect_text "^(left|top) +[01]\.[0-9]+"
expect_text "correct: [0-9]+ of 40 labelled examples,"
[[ $(wc -l <classes.csv) == 41 && $(head -n 1 classes.csv) == name,class,belief ]] || fail "not all are classified"
mkdir -p strange/odd
cp images/left/001.pgm strange/odd
cp -r images/left strange/left
expect_code 0 "$BELAMY" classify named --data strange
expect_text "correct: [0-9]+ of [0-9]+ labelled examples whose class the run knows,"
expect_code 0 "$BELAMY" evaluate named
expect_text "^ +classification error +[0-9.]+"
expect_text "source classification error +[0-9.]+"
expect_code 0 "$BELAMY" train classifier --data images --steps 20 --out placed --set train.threads=1 --set 'channels=[4, 8]'
expect_code 0 "$BELAMY" localise placed -n 3 --out places/maps.png --boxes places/boxes.csv
expect_text "^3 images of images in places/maps.png"
expect_text "^boxes of [0-9]+ images in places/boxes.csv"
expect_file places/maps.png
[[ $(head -n 1 places/boxes.csv) == name,class,belief,left,top,right,bottom ]] || fail "not the columns of boxes"
grep -Eq '/images/(left|top)/[0-9]+.pgm,(left|top),[01]\.[0-9]+,[0-9]+,[0-9]+,[0-9]+,[0-9]+$' places/boxes.csv ||
  fail "no box in $(tail -n 1 places/boxes.csv)"
expect_code 0 "$BELAMY" localise placed --class top --data others --threshold 0.5 --out places/top.png
expect_text "the maps of class 'top'"
expect_failure 3 "$BELAMY" localise placed --class bottom --out places/none.png
expect_none places/none.png
expect_failure 2 "$BELAMY" localise named --out places/none.png
expect_text "source-only cannot show where in an image a class is"
expect_text "models that can: classifier"
expect_code 0 "$BELAMY" evaluate placed
expect_text "area under the ROC curve +[01]"
expect_text "localisation: where the classes are in the images of 'images' is not known"
expect_code 0 "$BELAMY" train dcgan --data images --steps 2 --out seen --set train.threads=1 --set width=4
expect_code 0 "$BELAMY" stylize seen --content images/left/001.pgm --style images/top/000.pgm --steps 20 --out styled/one.png
expect_code 0 "$BELAMY" stylize seen --content images/left/001.pgm --style images/top/000.pgm --steps 20 --adam \
  --keep-colours --out styled/two.png
expect_code 0 "$BELAMY" stylize seen --texture --style images/top/000.pgm --steps 20 --out styled/three.png
expect_text "texture of images/top/000.pgm"
for other in two three; do expect_different styled/one.png styled/$other.png; done
expect_failure 2 "$BELAMY" stylize seen --style images/top/000.pgm
expect_text "give --content PICTURE, or --texture"
expect_failure 2 "$BELAMY" stylize seen --texture --content images/left/001.pgm --style images/top/000.pgm
expect_file styled/one.png

# --- Similarity of images; trials ---
expect_code 0 "$BELAMY" train siamese --data many --steps 200 --out siamese --set train.threads=1 --set model.width=4 \
  --set model.code=16 --set data.holdout=0.5
expect_file siamese/samples/step-00000200.png
expect_file "siamese/pictures/Pairs of test images.png"
expect_code 0 "$BELAMY" match siamese many/left/001.pgm many/left/003.pgm
expect_text "^[01](\.[0-9e-]+)?  similarity of siamese: many/left/001.pgm, many/left/003.pgm"
expect_code 0 "$BELAMY" match siamese --query many/left/001.pgm --folder others -n 3 --out match/ranks.csv --sheet match/sheet.png
expect_text "warning: 1 of 31 files left out"
expect_text "^30 of others by similarity of siamese; the most similar first"
expect_text "^ +1 +[0-9.e-]+  others/left/[0-9]+.pgm  left"
expect_file match/sheet.png
[[ $(wc -l <match/ranks.csv) == 31 && $(head -n 1 match/ranks.csv) == rank,similarity,name,label ]] ||
  fail "the list of matches is not complete"
[[ $(sed -n 2,16p match/ranks.csv | grep -c ',left$') == 15 ]] || fail "not all of the query's class come first"
expect_code 3 "$BELAMY" match siamese --query many --folder others
expect_text "^belamy: many: this is a folder"
expect_code 0 "$BELAMY" match kept many/left/001.pgm many/top/000.pgm
expect_text "^-[0-9.]+  minus the distance of autoencoder's codes"
expect_code 0 "$BELAMY" evaluate siamese --trials 2-way-1-shot
expect_text "^ +recall@1 +(0\.9|1)"
expect_text "^ +one-shot accuracy +(0\.9|1)"
expect_text "by similarity of siamese; .* of 1,000 trials \(2-way-1-shot\) right, 500 episodes, standard error"
expect_text "one-shot accuracy of pixels +[0-9.]+"

# --- More threads than cores ---
expect_code 0 taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$BELAMY" train gan --data ring --steps 1 \
  --out crowded --set train.threads=2 --set "model.generator=[16]" --set "model.discriminator=[16]"
expect_text "warning: train.threads=2, but only 1 core may be used"

# --- The demo starts and goes on without a warning ---
small=(--set train.steps=1 --set data.limit=64 --set train.threads=1 --set model.width=4)
for said in "done: 1 step " "nothing to do"; do
  expect_code 0 "$BELAMY" demo --out shown "${small[@]}"
  expect_text "$said"
  expect_no_text "holds no run"
done
expect_code 2 "$BELAMY" demo --out gan
expect_text "resume it with: belamy train --resume --out gan; or choose another --out"
expect_no_text "leave the recipe out"

# --- Resuming gives the same bits, for every model ---
images=(--set data.source=images --set train.threads=1 --set train.batch=8)
expect_code 0 "$BELAMY" verify-resume gan "${images[@]}" "${tiny[@]}"
expect_text "gan: 7 \+ 5 steps and 12 steps give the same bits"
expect_code 0 "$BELAMY" verify-resume dcgan "${images[@]}" --set model.width=8 --first 2 --second 2
expect_text "same bits"
for model in autoencoder vae; do
  expect_code 0 "$BELAMY" verify-resume $model "${images[@]}" --set "model.hidden=[16]"
  expect_text "same bits"
done

# --- A training that goes on is told what to do ---
expect_code 2 "$BELAMY" steer gan --save
expect_text "no training is running in 'gan'"
cp -r gan "with blanks"
expect_code 2 "$BELAMY" steer "with blanks" --save
expect_text "start it with: belamy train --resume --out 'with blanks'$"
"$BELAMY" train gan "${images[@]}" "${tiny[@]}" --set train.steps=1000000 --out told-run >told.log 2>&1 &
training=$!
for ((i = 0; i < 300; ++i)); do
  if [[ -f told-run/resolved.toml ]]; then break; fi
  sleep 0.1
done
expect_code 2 "$BELAMY" steer told-run
expect_text "steer needs a command"
expect_code 2 "$BELAMY" steer told-run --set "lr 3"
for setting in optimizer.nope.lr=0.1 optimizer.generator.lr=nan optimizer.generator.speed=1 optimizer.generator.optimizer=sgd; do
  expect_code 2 "$BELAMY" steer told-run --set $setting
  expect_text "$setting"
  expect_no_text "^sent"
done
expect_code 0 "$BELAMY" steer told-run --set optimizer.generator.lr=1e-5 --stop
wait "$training" && fail "a training that was told to stop ends with another code"
[[ $(sed -n 2p told-run/commands.csv) == *,set,optimizer.generator.lr=1e-5 ]] || fail "the command is not kept"
[[ $(sed -n 3p told-run/commands.csv) == *,stop, ]] || fail "the stop is not kept"
# A command that came after the last step does not act on the next session.
mkdir -p told-run/requests
echo stop >told-run/requests/00000000000000000001-1.txt
expect_code 0 "$BELAMY" train --resume --out told-run --steps $(($(sed -n '3s/,.*//p' told-run/commands.csv) + 5))
expect_text "command of an earlier session dropped: stop"
expect_text "done: 5 steps"
