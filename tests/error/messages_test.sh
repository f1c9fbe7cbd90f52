#!/usr/bin/env bash
# Bad input: the exit code, a message that says what, where and what to do, and nothing left half-written.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

train_ring() { # FOLDER ARGUMENTS...
  "$BELAMY" train gan --data ring --steps 20 --out "$@" "${tiny[@]}"
}

# --- Settings and arguments: 2 ---
expect_failure 2 train_ring run --set "model.generater=[16]"
expect_text "unknown setting 'model.generater'"
expect_text "did you mean 'model.generator'"
expect_failure 2 train_ring run --set train.batch=many
expect_text "train.batch must be .*many"
expect_failure 2 train_ring run --set train.batch=0
expect_text "train.batch must be an integer from 1 to 65536, not 0"
expect_failure 2 train_ring run --set train.batch
expect_text "KEY=VALUE"
expect_failure 2 train_ring run --set data.fit=squeeze
expect_text "data.fit must be .*crop.*pad.*stretch"
printf 'name = "bad"\n[model]\nname = "gan"\n[train]\nbatch = 100000\n' >range.toml
expect_failure 2 "$BELAMY" train range.toml --out run
expect_text "range.toml, line 5: train.batch must be an integer from 1 to 65536"
printf '[model]\nname = "gan"\n[trian]\nbatch = 10\n' >key.toml
expect_failure 2 "$BELAMY" train key.toml --out run
expect_text "key.toml, line 4: unknown setting 'trian.batch'"
expect_text "did you mean 'train.batch'"
printf '[model]\nname = "gan\n' >syntax.toml
expect_failure 2 "$BELAMY" train syntax.toml --out run
expect_text "syntax.toml, line 2"
expect_failure 2 "$BELAMY" train missing.toml --out run
expect_text "there is no recipe file 'missing.toml'"
expect_failure 2 "$BELAMY" train dcgna --out run
expect_text "no recipe or model is called 'dcgna'"
expect_text "did you mean 'dcgan'"
expect_failure 2 "$BELAMY" models dcgna
expect_text "'dcgna'"
expect_text "did you mean 'dcgan'"
expect_failure 2 "$BELAMY" trian gan
expect_text "there is no command 'trian'"
expect_text "did you mean 'train'\? 'belamy --help' shows the options"
expect_failure 2 "$BELAMY" data docter images
expect_text "there is no command 'docter'"
expect_text "did you mean 'doctor'\? 'belamy data --help' shows the options"
expect_failure 2 "$BELAMY" xyzzy
expect_text "there is no command 'xyzzy'"
expect_no_text "did you mean"
expect_failure 2 "$BELAMY" train gan --stepps 10
expect_text "there is no option '--stepps' here"
expect_text "did you mean '--steps'\? 'belamy train --help' shows the options"
expect_failure 2 "$BELAMY" data info images --sett=data.size=8
expect_text "there is no option '--sett' here"
expect_text "did you mean '--set'\? 'belamy data info --help' shows the options"
# Counts: none, too many, no number.
for count in 0 -5 99999999999999999999999 1.5 many; do
  expect_failure 2 "$BELAMY" train gan --steps $count
  expect_text "^belamy: --steps: must be a whole number from 1 to 1000000000, not $count$"
  expect_failure 2 "$BELAMY" train gan --epochs $count
  expect_text "^belamy: --epochs: must be a whole number from 1 to 1000000, not $count$"
  expect_failure 2 "$BELAMY" verify-resume gan --first $count
  expect_text "^belamy: --first: must be a whole number from 1 to 1000000000, not $count$"
  expect_failure 2 "$BELAMY" sample run -n $count
  expect_text "^belamy: -n: must be a whole number from 1 to 10000000, not $count$"
  expect_failure 2 "$BELAMY" interpolate run --steps $count
  expect_text "^belamy: --steps: must be a whole number from 2 to 256, not $count$"
done
for number in 1.5 many; do
  expect_failure 2 "$BELAMY" sample run --seed $number
  expect_text "^belamy: --seed: must be a whole number, not $number$"
done
for number in 99999999999999999999999 9223372036854775807; do
  expect_failure 2 "$BELAMY" sample run --seed $number
  expect_text "^belamy: --seed: must be a whole number from -9000000000000000000 to 9000000000000000000, not $number$"
done
expect_failure 2 "$BELAMY" steer run --steps 0
expect_text "^belamy: --steps: must be a whole number from 1 to 1000000000000000, not 0$"
# The options of the command line: their number, their place, their values.
expect_failure 2 "$BELAMY" sample run -n
expect_text "^belamy: -n needs a value$"
expect_failure 2 "$BELAMY" sample run --out a.png --out b.png
expect_text "^belamy: --out is given twice, but takes one value$"
expect_failure 2 "$BELAMY" sample run one more
expect_text "^belamy: 'one' is one argument too many$"
expect_failure 2 "$BELAMY" complete run --known middle
expect_text "^belamy: --known: must be one of upper, .*, not middle$"
expect_failure 2 "$BELAMY" --seed 3 sample run
expect_text "^belamy: the option '--seed' stands before the command 'sample'$"
expect_text "write options after the command; 'belamy sample --help' shows the options"
expect_failure 2 "$BELAMY" data
expect_text "^belamy: data needs a command$"
expect_code 0 "$BELAMY" data info --help
expect_text "data TEXT REQUIRED"
# Values that contradict each other; the same value twice may stand.
expect_contradiction() { # FIRST SECOND KEY COMMAND...
  expect_failure 2 "$BELAMY" "${@:4}"
  expect_text "^belamy: '$1' and '$2' contradict each other$"
  expect_text "both set $3; give one of them"
}
expect_contradiction "--steps 3" "--set train.steps=4" train.steps train gan --data ring --steps 3 --set train.steps=4 --out run-2
expect_contradiction "--epochs 2" "--set train.steps=4" train.steps train gan --data ring --epochs 2 --set train.steps=4 --out run-2
expect_contradiction "--data ring" "--set source=grid" data.source train gan --data ring --set source=grid --out run-2
expect_none run-2
expect_failure 2 "$BELAMY" models vae --json --markdown
expect_text "^belamy: --json and --markdown cannot be given together$"
expect_failure 2 "$BELAMY" train GAN --out run-2
expect_text "did you mean 'gan'\?"
# Recipes with a table that is misspelt, and with a number that is too large.
printf '[modle]\nname = "vae"\n' >misspelt.toml
expect_failure 2 "$BELAMY" train misspelt.toml
expect_text "^belamy: misspelt.toml, line 2: unknown table \[modle\]$"
expect_text "did you mean \[model\]\?"
printf '[model]\nname = "vae"\n[optimizer.vae]\nlr = 1e400\n' >large.toml
expect_failure 2 "$BELAMY" train large.toml
expect_text "large.toml, line 4"
expect_text "numbers between -1.7e308 and 1.7e308"
expect_failure 2 "$BELAMY" embed run --perplexity many
expect_text "^belamy: --perplexity: must be a number, not many$"
expect_failure 2 "$BELAMY" train dbn-mnist --steps 100 --out run
expect_text "the length of recipe dbn-mnist is the sum of its stages"
expect_failure 2 "$BELAMY" train
expect_text "train needs a recipe or a model"
expect_failure 2 train_ring run --set train.device=tpu
expect_text "train.device must be .*cuda"
# The game: unknown objectives, and settings that contradict each other.
expect_failure 2 train_ring run --set model.objective=wasserstien
expect_text "model.objective must be .*non-saturating, .*hinge, wasserstein"
expect_failure 2 train_ring run --set model.r1=1 --set model.discriminator_norm=batch
expect_text "batch norm mixes the data of a batch; set model.discriminator_norm=layer"
expect_failure 2 train_ring run --set model.r1=1 --set model.clip_weights=0.1
expect_text "set model.clip_weights=0"
expect_failure 2 train_ring run --set model.packing=2 --set train.batch=33
expect_text "batches of 33 cannot be packed by 2; set train.batch=34"
expect_failure 2 train_ring run --set model.objective=hinge --set model.label_real=0.9
expect_text "hinge has no labels to smooth"
expect_failure 2 train_ring run --set model.adversarial_weight=0
expect_text "generator's loss has no term; set model.adversarial_weight=1"
expect_failure 2 train_ring run --set model.unroll=2 --set optimizer.discriminator.optimizer=rmsprop
expect_text "unrolling supports Adam and SGD only"
expect_failure 2 train_ring run --set model.feature_matching=1 --set model.feature_layer=99
expect_text "model.feature_layer=99"
expect_none run
expect_code 0 train_ring advised --set model.objective=wasserstein
expect_text "may grow without limit; set model.clip_weights=0.01"
rm -r advised

# --- Data: 3 ---
expect_failure 3 "$BELAMY" train gan --data no/such/folder --out run
expect_text "no data set 'no/such/folder'"
expect_text "belamy data list"
expect_failure 3 "$BELAMY" train gan --data mnits --out run
expect_text "[Dd]id you mean .?mnist"
mkdir empty
expect_failure 3 "$BELAMY" train gan --data empty --out run
expect_text "empty: no files in it"
mkdir -p words/a
echo "no image" >words/a/1.png
echo "text" >words/a/notes.txt
expect_failure 3 "$BELAMY" train gan --data words --out run
expect_text "words.*(image|1.png)"
expect_code 3 "$BELAMY" data doctor words
expect_failure 2 "$BELAMY" train autoencoder --data ring --out run
expect_text "points have no bounds; set model.output=linear"
# Autoencoders: settings that contradict each other or the data.
on_ring() { # MODEL SETTINGS...
  local settings=() setting
  for setting in "${@:2}"; do settings+=(--set "$setting"); done
  expect_failure 2 "$BELAMY" train "$1" --data ring --out run "${settings[@]}"
}
on_ring autoencoder model.output=linear model.sparsity=kl
expect_text "the KL penalty needs units between 0 and 1; set model.code_unit=sigmoid"
on_ring autoencoder model.output=linear model.keep=100
expect_text "a code of 32 units cannot keep 100 of them; set model.keep=32"
on_ring autoencoder model.output=linear model.corruption=salt-and-pepper
expect_text "points have no least and greatest value; set model.corruption=gaussian"
on_ring autoencoder model.output=linear model.corruption=masking model.corruption_level=2
expect_text "a corruption level of 2 is a share of the values here"
on_ring autoencoder model.output=linear model.network=convolutional model.contraction=1
expect_text "batch norm mixes the examples.*set model.network=fully-connected"
on_ring autoencoder model.output=linear model.down=pool
expect_text "pooling needs convolutions; set model.network=convolutional"
on_ring stacked-autoencoder
expect_text "cross-entropy needs values between 0 and 1.*set model.loss=l2"
on_ring denoising-autoencoder model.corruption=none
expect_text "the chain needs noise; set model.corruption=gaussian"
on_ring denoising-autoencoder model.corruption=gaussian
expect_text "points are not probabilities; set model.decoder=gaussian"
on_ring rbm
expect_text "points are not binary; set model.visible=gaussian"
on_ring rbm model.visible=gaussian model.centring=data
expect_text "centring needs binary units; set model.centring=none"
printf '[model]\nname = "stacked-autoencoder"\nloss = "l2"\n[[stage]]\nname = "layer-3"\nsteps = 1\n' >stages.toml
expect_failure 2 "$BELAMY" train stages.toml --data ring --out run
expect_text "has no stage 'layer-3'; its stages are layer-1, layer-2, joint, softmax, fine-tune"
expect_failure 3 "$BELAMY" train dcgan --data ring --out run
expect_text "dcgan takes images, but 'ring' holds points"
expect_text "choose other data with --data"

make_idx train-images-idx3-ubyte 5
gzip -k train-images-idx3-ubyte
mkdir cut lying labels
head -c 20 train-images-idx3-ubyte.gz >cut/train-images-idx3-ubyte.gz
expect_failure 3 "$BELAMY" train gan --data cut --out run
expect_text "cut/train-images-idx3-ubyte.gz.*(cut|end|truncated|incomplete|damaged)"
make_idx lying/train-images-idx3-ubyte $((1 << 31))
# 2^31 images of 256 bytes would take 512 GiB; 4 GiB of addresses are plenty for the libraries.
lying() {
  (ulimit -v $((4 << 20)) && "$BELAMY" train gan --data lying --out run)
}
expect_failure 3 lying
expect_text "lying/train-images-idx3-ubyte: the header says 2147483648 x 16 x 16 = 549,755,813,888 bytes, the file holds 1280"
expect_text "get the file again"
# Models that learn from labels, on images without any.
mkdir bare
make_idx bare/train-images-idx3-ubyte 5
for model in conditional-vae semi-vae stacked-semi-vae debiasing-vae; do
  expect_failure 2 "$BELAMY" train $model --data bare --out run
  expect_text "it needs labels; choose labelled data"
done
expect_failure 3 "$BELAMY" train semi-vae --data bare --out run --set data.labelled=10
expect_text "'bare' has no labels"
expect_failure 2 "$BELAMY" train rbm --data bare --out run --set train.precision=bf16
expect_text "set train.precision=f32"
expect_failure 2 "$BELAMY" train conditional-vae --data glyphs --out run --set data.labelled=62
expect_text "set data.labelled=0, or use semi-vae"
expect_failure 2 "$BELAMY" train aae --data bare --out run --set model.labels=true
expect_text "set model.prior=mixture"
expect_failure 2 "$BELAMY" train vae --data bare --out run --set model.importance_samples=5 --set model.terms=kl
expect_text "set model.importance_samples=1"
mv train-images-idx3-ubyte labels
printf '\x00\x00\x08\x01\x00\x00\x00\x03\x01\x02\x03' >labels/train-labels-idx1-ubyte
expect_failure 3 "$BELAMY" train gan --data labels --out run
expect_text "3 labels for the 5 images"
expect_text "they do not belong together"
make_images classes 40
expect_failure 3 "$BELAMY" train gan --data classes --out run --set data.classes=tpo
expect_text "no class is called 'tpo'"
expect_text "did you mean 'top'"
expect_failure 3 "$BELAMY" train gan --data classes --out run --set data.validation=36
expect_text "data.validation=36 leaves nothing of 36 training images"
expect_none run

# A few bad files among good ones: the training leaves them out and says so, and the doctor lists each.
make_images images 40
head -c 30 images/top/000.pgm >images/top/cut.pgm
echo "no image" >images/left/wrong.png
expect_code 0 "$BELAMY" train gan --data images --steps 3 --out few "${tiny[@]}"
expect_text "2 of 38 files left out .*; the first: .*(cut.pgm|wrong.png)"
expect_text "belamy data doctor images"
expect_code 3 "$BELAMY" data doctor images
expect_text "cut.pgm"
expect_text "wrong.png"
expect_text "problems: 2"

# --- Runs and checkpoints: 5 ---
expect_code 0 train_ring run --set train.checkpoint_every=5
expect_failure 2 "$BELAMY" match run a.png b.png
expect_text "gan cannot compare two images"
expect_text "models that can: .*siamese"
expect_failure 2 "$BELAMY" match run a.png
expect_text "use match RUN A B, match RUN --query F --folder DIR, or match RUN --text T --folder DIR"
expect_code 0 "$BELAMY" train siamese --data images --steps 2 --out alike --set train.threads=1 --set model.width=4
expect_failure 3 "$BELAMY" match alike images/top/002.pgm missing.png
expect_text "missing.png: there is no such file"
printf '7z\xbc\xaf\x27\x1c and more' >packed.7z
expect_failure 3 "$BELAMY" match alike images/top/002.pgm packed.7z
expect_text "packed.7z: a 7z archive, not an image"
expect_text "give a PNG, JPEG, PGM or PPM instead"
expect_failure 3 "$BELAMY" match alike images/top/002.pgm images/left/wrong.png
expect_text "images/left/wrong.png"
expect_failure 2 "$BELAMY" evaluate alike --trials offical
expect_text "use official, or a name such as 5-way-1-shot"
expect_failure 3 "$BELAMY" evaluate alike --trials official
expect_text "there is no .*images/all_runs.zip"
expect_failure 3 "$BELAMY" evaluate alike --trials 3-way-1-shot
expect_text "has no 3 classes of 2 examples or more"
expect_failure 5 train_ring run
expect_text "'run' already holds a run"
expect_text "--resume"
expect_failure 5 "$BELAMY" sample images --out samples.npz
expect_text "'images' is not a run"
expect_failure 5 "$BELAMY" sample nowhere --out samples.npz
expect_text "nowhere"
expect_failure 5 train_ring images
expect_text "'images' is not empty"
expect_failure 2 "$BELAMY" sample run --out samples.bmp
expect_text "--out samples.bmp: the name must end in one of .png, .npz, /"
expect_text "F.npz"
expect_failure 2 "$BELAMY" reconstruct run --out samples.png
expect_text "gan cannot reconstruct data"
expect_text "models that can: .*autoencoder"
expect_failure 2 "$BELAMY" evaluate run --likelihood-samples 10
expect_text "gan cannot compute likelihoods"
expect_text "models that can: .*vae"
expect_failure 2 "$BELAMY" evaluate run --codes
expect_text "gan cannot turn data into codes"
expect_failure 2 "$BELAMY" evaluate run --parzen
expect_text "the measure parzen does not apply to these points"
expect_failure 2 "$BELAMY" evaluate run --split training
expect_failure 2 "$BELAMY" embed run --out codes.bmp
expect_text "--out codes.bmp: the name must end in .png"
expect_failure 2 "$BELAMY" embed run --out codes.png
expect_text "gan cannot turn data into codes"
expect_failure 3 "$BELAMY" score run --normal "mode 9"
expect_text "no class is called 'mode 9'"
expect_none codes.bmp codes.png
# Values of a run that contradict each other, and its folder in the place of a file.
expect_contradiction "--set size=8" "--set data.size=9" data.size data info images --set size=8 --set data.size=9
expect_contradiction "--set use.truncation=0.5" "--set use.truncation=3" use.truncation sample run --set use.truncation=0.5 \
  --set use.truncation=3
expect_contradiction "--set use.truncation=3" "--over use.truncation=3,1" use.truncation sweep run --set use.truncation=3 \
  --over use.truncation=3,1
expect_code 0 "$BELAMY" data info images --set size=8 --set data.size=8
expect_failure 2 "$BELAMY" train ./run
expect_text "^belamy: './run' is the folder of a run, not a recipe$"
expect_text "resume the run with --resume --out ./run, or train its recipe again with ./run/resolved.toml"
expect_failure 2 "$BELAMY" train ./images
expect_text "^belamy: './images' is a folder, not a recipe$"
# Two domains.
expect_failure 2 "$BELAMY" translate run --data images
expect_text "gan cannot translate images"
expect_text "models that can: .*pix2pix"
expect_failure 2 "$BELAMY" classify run
expect_text "gan cannot predict classes"
expect_failure 2 "$BELAMY" stylize run --content a.png --style b.png
expect_text "gan cannot compute features of images"
expect_failure 2 "$BELAMY" train pix2pix --data images --out pairs
expect_text "pix2pix learns from pairs, but these data are one set"
expect_text "data.pairs"
expect_failure 3 "$BELAMY" train pix2pix --data images --set pairs=folders --out pairs
expect_text "no pairs of folders; it has left, top"
expect_failure 2 "$BELAMY" train pix2pix --data images --set pairs=classes --out pairs
expect_text "needs two data.sides"
expect_failure 2 "$BELAMY" train cyclegan --data images --set unpaired=true --out pairs
expect_text "data.unpaired=true needs pairs"
expect_failure 3 "$BELAMY" train dann --data images --set target=nowhere --out pairs
expect_text "no data set 'nowhere'"
expect_failure 2 "$BELAMY" train siamese --data images --set pairs=none --out pairs
expect_text "data.pairs=random"
expect_none pairs
# A folder with the name of a file.
expect_code 0 "$BELAMY" train pix2pix --data images --set pairs=edges --steps 1 --out turned --set train.threads=1 \
  --set width=4 --set discriminator_width=4 --set train.batch=4
expect_failure 2 "$BELAMY" translate turned --data images --out x.png
expect_text "--out x.png: this is the name of a file, but a folder is needed"
expect_text "use --out x/"
expect_failure 2 train_ring run.zip
expect_text "use --out run/"
expect_failure 2 "$BELAMY" demo --out demo.html
expect_text "use --out demo/"
expect_failure 2 "$BELAMY" lab box-muller --tiny --out page.html
expect_text "use --out page/"
expect_failure 2 "$BELAMY" reproduce --list --results results.json
expect_text "use --results results/"
expect_none x.png run.zip demo.html page.html results.json
"$BELAMY" train autoencoder --data images --steps 5 --out coder --set train.threads=1 --set "model.hidden=[16]" >said 2>&1
expect_failure 2 "$BELAMY" evaluate coder --parzen
expect_text "autoencoder cannot draw samples"
expect_failure 2 "$BELAMY" embed coder --manifold --out plane.png
expect_text "the manifold is a plane, and this model has 32 latents"
expect_failure 3 "$BELAMY" evaluate coder --split validation
expect_text "data.validation keeps none"
expect_failure 2 "$BELAMY" train vae --resume --out run
expect_text "'?run'? holds a run of 'gan', not of 'vae'"
expect_none samples.npz samples.bmp samples.png

damaged() { # NAME: a copy of the run, and its newest checkpoint in $file
  rm -rf damaged
  cp -r run damaged
  file=$(newest damaged)
}
flip() { # FILE OFFSET: turns the lowest bit of one byte
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1")
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\x$(printf '%02x' $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
size=$(stat -c %s "$(newest run)")
for length in 0 5 100 $((size / 2)) $((size - 1)); do
  damaged
  truncate -s "$length" "$file"
  expect_code 0 "$BELAMY" sample damaged --out samples.npz
  expect_text "warning: checkpoint skipped: .*step-00000020.safetensors"
  expect_text "step 15"
done
for offset in 0 9 300 $((size / 2)) $((size - 1)); do
  damaged
  flip "$file" "$offset"
  expect_code 0 "$BELAMY" sample damaged --out samples.npz
  expect_text "warning: checkpoint skipped: .*step-00000020.safetensors"
done
expect_code 0 "$BELAMY" train --resume --out damaged --steps 22
expect_text "checkpoint skipped"
expect_text "resuming from step 15"
rm samples.npz
damaged
for file in damaged/checkpoints/*; do flip "$file" 500; done
expect_failure 5 "$BELAMY" sample damaged --out samples.npz
expect_text "has no checkpoint that can be used"
expect_text "restore a good copy"
expect_failure 5 "$BELAMY" train --resume --out damaged --steps 22
rm damaged/checkpoints/*
expect_failure 5 "$BELAMY" sample damaged --out samples.npz
expect_text "has no checkpoint"
damaged
cp "$(newest run)" kept
expect_code 0 "$BELAMY" train autoencoder --data images --steps 20 --out other --set train.threads=1 \
  --set "model.hidden=[16]"
expect_failure 3 "$BELAMY" reconstruct other --data nowhere --out samples.png
expect_text "no data set 'nowhere'"
expect_none samples.png
rm damaged/checkpoints/*
cp "$(newest other)" damaged/checkpoints
expect_failure 5 "$BELAMY" sample damaged --out samples.npz
expect_text "holds the model autoencoder, but the settings name gan"
expect_text "checkpoints that belong together"
expect_failure 5 "$BELAMY" train --resume --out damaged --steps 22
expect_none samples.npz
expect_same kept "$(newest run)"

# In use by another process.
"$BELAMY" train gan --data ring --steps 1000000 --out busy "${tiny[@]}" >busy.txt 2>&1 &
background=$!
wait_for 60 test -e busy/resolved.toml
expect_failure 5 train_ring busy
expect_failure 5 "$BELAMY" train --resume --out busy
expect_text "'busy' is in use by another process"
expect_text "wait until it has ended, or choose another folder"
kill -9 "$background"
wait "$background" 2>/dev/null || true
background=

# Folders that cannot be written: a file is in the place of one.
echo "a file" >file
expect_failure 5 train_ring file/run
expect_text "file"
expect_failure 5 train_ring file
expect_text "file"
expect_failure 5 "$BELAMY" sample run --out file/samples.npz
expect_text "file"
expect_failure 5 "$BELAMY" sample few --out file
expect_text "file"
[[ $(<file) == "a file" ]] || fail "the file was changed"

# --- Diverging: 4 ---
wild=(--set train.checkpoint_every=1)
for player in generator discriminator; do
  wild+=(--set "optimizer.$player.optimizer=sgd" --set "optimizer.$player.lr=100")
done
expect_failure 4 "$BELAMY" train gan --data ring --steps 2000 --out wild "${tiny[@]}" "${wild[@]}"
expect_text "step [0-9]+, player '(generator|discriminator)': .*(loss|gradient|parameter).* is not finite"
expect_text "lower optimizer.*lr"
expect_code 0 "$BELAMY" sample wild --out samples.npz

# --- A full disk: 5 ---
mkdir full
if mount -t tmpfs -o size=8m tmpfs full 2>/dev/null; then
  expect_failure 5 "$BELAMY" train gan --data ring --steps 2000 --out full/run --set train.threads=1 \
    --set "model.generator=[256]" --set "model.discriminator=[16]" --set train.checkpoint_every=1 --set train.keep=1000
  expect_text "full/run/.*No space left on device"
  expect_code 0 "$BELAMY" sample full/run --out samples.npz
  expect_none full/run/checkpoints/*.tmp
  umount full
else
  echo "no full disk: mounting a tmpfs needs root"
fi
