#!/usr/bin/env bash
# What newcomers try first: photos without settings, few of them, in folders as they are.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
small=(--steps 2 --set train.threads=1 --set train.batch=4)

# make_photo FILE WIDTH HEIGHT: random colours, no two photos alike.
photos=0
make_photo() {
  mkdir -p "$(dirname "$1")"
  awk -v width="$2" -v height="$3" -v seed=$((++photos)) 'BEGIN {
    srand(seed)
    print "P3\n" width, height, "\n255"
    for (i = 0; i < 3 * width * height; ++i) print int(256 * rand())
  }' >"$1"
}

# --- A size for the model ---
for i in 1 2 3 4 5 6 7 8; do make_photo faces/$i.ppm 30 $((20 + i % 3)); done
tar czf faces.tar.gz faces
for data in faces faces.tar.gz; do
  expect_code 0 "$BELAMY" train dcgan --data $data --out run "${small[@]}" --set width=4
  expect_text "30x20 to 30x22 colour -> 20x20 colour, cropped, antialiased \(data.size=20\)"
  grep -q '^size = 20$' run/resolved.toml || fail "the chosen size is not among the settings of the run"
  expect_code 0 "$BELAMY" train --resume --out run --steps 4
  expect_no_text "was .* and is"
  expect_code 0 "$BELAMY" sample run -n 4 --out samples.npz
  expect_text "4"
  rm -r run
done
expect_code 0 "$BELAMY" train dcgan --data faces --dry-run
expect_text "^size = 20$"
expect_text "data.size=20"
expect_code 0 "$BELAMY" data doctor faces
expect_text "the images differ in size: training makes them 20x20, unless data.size is set"
expect_code 0 "$BELAMY" data info faces
expect_text "images of 20x20 colour"
expect_code 0 "$BELAMY" verify-resume dcgan --first 1 --second 1 --set data.source=faces --set width=4 --set train.batch=4
for i in 1 2 3 4; do
  make_photo same/$i.ppm 30 20
  make_photo icons/$i.ppm 6 7
done
expect_code 0 "$BELAMY" train gan --data same --dry-run # whatever its sides are
expect_text "^size = 0$"
expect_code 0 "$BELAMY" train dcgan --data same --dry-run
expect_text "^size = 20$"
expect_failure 2 "$BELAMY" train dcgan --data icons --out run
expect_text "dcgan takes .*images, but those of 'icons' are 6x7"
expect_failure 2 "$BELAMY" train dcgan --data faces --set data.size=8 --out run
expect_text "images of at least 9 pixels a side, but those of 'faces' are 8x8"
expect_text "set data.size=9 or above"
for i in 1 2 3 4; do
  make_photo sides/A/$i.ppm 30 20
  make_photo sides/B/$i.ppm 18 19
done
expect_code 0 "$BELAMY" train pix2pix --data sides --set pairs=folders --dry-run
expect_text "^size = 18$"

# --- Few examples ---
make_images coarse 40
expect_code 0 "$BELAMY" train autoencoder --data coarse --out coder "${small[@]}" --set data.holdout=0.5
expect_code 0 "$BELAMY" reconstruct coder -n 20 --out copies.png
expect_text "^20 reconstructions"
expect_no_text "no more examples"
# Two rows of originals above their copies, each 64 pixels high with a gap of 2: 262.
[[ $(od -An -tu1 -j 22 -N 2 copies.png) == "   1   6" ]] || fail "20 reconstructions stand in a picture of another height"
expect_code 0 "$BELAMY" reconstruct coder -n 200 --out copies.png
expect_text "--count asks for 200, but coarse has no more examples"
expect_code 0 "$BELAMY" train autoencoder --data coarse --out one "${small[@]}" --set data.holdout=0.01
expect_code 0 "$BELAMY" evaluate one
expect_text "mean over 1 test example, one value, so no standard error"
expect_no_text "nan"
expect_failure 3 "$BELAMY" embed one --out codes.png
expect_text "a map needs at least 4 examples, but 'coarse' has only 1"
# The judge learns as long as its data are large, and says so.
expect_code 0 "$BELAMY" train vae --data coarse --out drawn "${small[@]}" --set data.holdout=0.5
expect_code 0 "$BELAMY" evaluate drawn -n 100
expect_text "a classifier \(200 passes over 20 images\)"
make_images other 4
expect_code 0 "$BELAMY" train cyclegan --data coarse --set data.target=other --set data.limit=4 --out there "${small[@]}" \
  --set model.width=2 --set model.blocks=1
expect_code 0 "$BELAMY" evaluate there
expect_text "a classifier of the other domain \(200 passes over [0-9]+ images\)"
expect_code 0 "$BELAMY" train simgan --data faces --set data.target=same --out refined "${small[@]}" --set model.width=2 \
  --set model.blocks=1
expect_code 0 "$BELAMY" evaluate refined
expect_text "not measured: translation: the images are not paired"
expect_code 0 "$BELAMY" train dcgan --data faces --out bare "${small[@]}" --set width=4
expect_code 0 "$BELAMY" evaluate bare -n 100
expect_text "not measured: .*frechet, precision-recall, class-distance: the data have no two classes"

# --- Classes ---
expect_code 0 "$BELAMY" train siamese --data coarse --out alike "${small[@]}" --set data.holdout=0.5 --set model.width=4
expect_code 0 "$BELAMY" evaluate alike
expect_text "verification accuracy +[01]\.[0-9]+"
expect_text "one-shot accuracy +[01]\.[0-9]+"
expect_text "2-way-1-shot"
expect_text "recall@1 "
expect_code 0 "$BELAMY" train siamese --data coarse --out few "${small[@]}" --set data.holdout=0.05 --set model.width=4
expect_code 0 "$BELAMY" evaluate few
expect_text "not measured: retrieval: 'coarse' has 2 examples in this split"
expect_text "not measured: one-shot"
expect_text "not measured: verification: "
for i in 1 2 3 4; do make_photo each/$i/1.ppm 16 16; done
expect_failure 3 "$BELAMY" train siamese --data each --out run
expect_text "no class of 'each' has two examples, but data.pairs=random draws pairs of one class and of two"
expect_code 3 "$BELAMY" data doctor each
expect_text "no class has two images"
mkdir lone
cp -r coarse/top lone/cats
expect_failure 2 "$BELAMY" train conditional-vae --data lone --out run
expect_text "all pictures are of one class, 'cats'; it needs two or more"
expect_failure 3 "$BELAMY" train siamese --data lone --out run
expect_text "all examples of 'lone' are of one class"
expect_code 0 "$BELAMY" data doctor lone
expect_text "all images are of one class, 'cats'"
mv lone/cats lone/A
expect_failure 3 "$BELAMY" train pix2pix --data lone --set pairs=folders --out run
expect_text "lone: a folder 'A' without a folder 'B'"
expect_code 3 "$BELAMY" data doctor lone
expect_text "a folder 'A' without a folder 'B'"
# System files beside the images are not a class; an empty folder is reported.
mkdir -p coarse/@eaDir/top coarse/.git/x coarse/top/@eaDir coarse/empty
make_photo coarse/@eaDir/top/1.ppm 4 4
make_photo coarse/.git/x/1.ppm 4 4
make_photo coarse/top/@eaDir/1.ppm 4 4
expect_code 0 "$BELAMY" train conditional-vae --data coarse --out told "${small[@]}"
expect_text "the first: coarse/empty: an empty folder"
expect_code 3 "$BELAMY" data doctor coarse
expect_text "all: 40 images"
expect_text "2 classes of 20 \(left\) to 20 \(top\)"
expect_text "coarse/empty +an empty folder"
expect_none run
