#!/usr/bin/env bash
# Weights that were trained elsewhere: listed, described, imported, and used for style transfer.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
export BELAMY_WEIGHTS=$scratch/theirs
mkdir theirs apart

# make_safetensors FILE: float tensors of zeros; standard input has a name and its sizes on each line.
make_safetensors() {
  awk '{
    count = 1; shape = ""
    for (i = 2; i <= NF; ++i) { count *= $i; shape = shape (i > 2 ? "," : "") $i }
    printf "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%d,%d]}", (NR > 1 ? "," : "{"), $1, shape, at, at + 4 * count
    at += 4 * count
  } END { printf "}"; print at > "size" }' >header
  local length
  while length=$(stat -c %s header) && ((length % 8)); do printf ' ' >>header; done
  # shellcheck disable=SC2059  # the format is the length, least byte first
  printf "$(printf '%016x' "$length" | sed 's/../& /g' | tr ' ' '\n' | tac | sed 's/^..$/\\x&/' | tr -d '\n')" >"$1"
  cat header >>"$1"
  truncate -s "+$(cat size)" "$1"
}
vgg16() { # its tensors
  local in=3 group=0 row
  for row in "2 64" "2 128" "3 256" "3 512" "3 512"; do
    ((group += 1))
    for ((i = 1; i <= ${row% *}; ++i)); do
      echo "conv${group}_$i.weight ${row#* } $in 3 3"
      echo "conv${group}_$i.bias ${row#* }"
      in=${row#* }
    done
  done
}

# --- None yet ---
expect_code 0 "$BELAMY" weights list
expect_text "no weights yet: 'belamy weights import FILE --as NAME'"
expect_failure 3 "$BELAMY" weights info vgg16
expect_text "there are no weights 'vgg16'"
expect_text "$scratch/theirs, $scratch/cache/weights"
expect_failure 2 "$BELAMY" weights
expect_failure 2 "$BELAMY" weights import apart/some.safetensors

# --- Import ---
vgg16 | make_safetensors apart/vgg16.safetensors
echo "layer.weight 2 3" | make_safetensors apart/small.safetensors
echo "layer.weight 3 3" | make_safetensors apart/other.safetensors
digest=$(sha256sum apart/vgg16.safetensors | head -c 64)
expect_code 0 "$BELAMY" weights import apart/vgg16.safetensors --as vgg16-conv
expect_text "^vgg16-conv \(vgg16-conv, SHA-256 ${digest:0:12}\) is now in $scratch/cache/weights/vgg16-conv.safetensors$"
expect_same apart/vgg16.safetensors cache/weights/vgg16-conv.safetensors
expect_code 0 "$BELAMY" weights import apart/vgg16.safetensors --as vgg16-conv
expect_text "is there already: $scratch/cache/weights/vgg16-conv.safetensors"
expect_code 0 "$BELAMY" weights import apart/small.safetensors --as mine
expect_failure 2 "$BELAMY" weights import apart/other.safetensors --as mine
expect_text "--as mine: '$scratch/cache/weights/mine.safetensors' is another file of this name"
expect_text "replace that file with --force"
expect_same apart/small.safetensors cache/weights/mine.safetensors
expect_code 0 "$BELAMY" weights import apart/other.safetensors --as mine --force
expect_same apart/other.safetensors cache/weights/mine.safetensors
head -c 70 apart/small.safetensors >apart/half.safetensors
expect_failure 5 "$BELAMY" weights import apart/half.safetensors --as half
expect_text "'apart/half.safetensors' is damaged"
printf 'PK\x03\x04pickled' >apart/model.pth
expect_failure 3 "$BELAMY" weights import apart/model.pth --as model
expect_text "the zip file has no list of its members"
expect_failure 2 "$BELAMY" weights import apart/small.safetensors --as ../small
expect_failure 5 "$BELAMY" weights import apart/none.safetensors --as none
[[ $(find cache/weights -name '*.safetensors' | wc -l) == 2 ]] || fail "a refused import left something"

# --- Import with a map ---
vgg16 | sed 's/^/net./' | make_safetensors apart/other-names.safetensors
expect_code 0 "$BELAMY" weights import apart/other-names.safetensors --as other-names
expect_text "^other-names \(unknown, "
expect_text "warning: it is not vgg16-conv: it lacks 26 of 26 tensors: conv1_1.weight, conv1_1.bias, .*, \.\.\.$"
expect_text "belamy weights info apart/other-names.safetensors"
expect_code 0 "$BELAMY" weights info apart/other-names.safetensors
expect_text "^missing for vgg16-conv$"
expect_text "^  conv5_3.bias  \[512\]$"
expect_code 0 "$BELAMY" weights networks
expect_text "^vgg16-conv: the convolutions of VGG16"
expect_text "^  features.28.bias  \[512\]$"
expect_text "^  _fc.weight  \[1000, 1280\]$"
printf '# ours\nnet.* = *\n' >map.txt
expect_failure 2 "$BELAMY" weights import apart/other-names.safetensors --as other-names --map map.txt
expect_text "replace that file with --force"
expect_code 0 "$BELAMY" weights import apart/other-names.safetensors --as other-names --map map.txt --force
expect_text "^other-names \(vgg16-conv, "
expect_no_text "warning"
expect_code 0 "$BELAMY" weights info other-names
expect_text "^network +vgg16-conv"
expect_text "^  map_sha256 = $(sha256sum map.txt | head -c 64)$"
# refused_map CODE WORDS: what the map in map.txt gives.
refused_map() {
  expect_failure "$1" "$BELAMY" weights import apart/other-names.safetensors --as refused --map map.txt
  expect_text "$2"
}
printf 'net.* = *\nnett.* = *\n' >map.txt
refused_map 2 "map.txt, line 2: 'apart/other-names.safetensors' has no tensor 'nett.\*'"
printf 'net.* = *\nnet.conv1_1.bias = conv1_2.bias\n' >map.txt
refused_map 2 "map.txt, line 2: two tensors of 'apart/other-names.safetensors' become 'conv1_2.bias'"
printf 'net.* = *\nnet.conv1_1.bias = -\n' >map.txt
refused_map 3 "it has 25 of the 26 tensors of vgg16-conv; missing: 'conv1_1.bias' \[64\]"
printf 'net.*\n' >map.txt
refused_map 2 "map.txt, line 1: there must be one '='"
vgg16 | sed 's/^/net./; s/conv2_1.weight 128 64 3 3/conv2_1.weight 3 3 64 128/' | make_safetensors apart/other-names.safetensors
printf 'net.* = *\n' >map.txt
refused_map 3 "'conv2_1.weight' \('net.conv2_1.weight' by map.txt, line 1\) has the shape \[3, 3, 64, 128\] instead of"
{ vgg16; echo "head.weight 2 3"; } | sed 's/^/net./' | make_safetensors apart/other-names.safetensors
refused_map 3 "tensor 'net.head.weight' \[2, 3\] is left over: vgg16-conv has no 'head.weight'"
expect_failure 5 "$BELAMY" weights import apart/other-names.safetensors --as refused --map none.txt
[[ $(find cache/weights -name '*.safetensors' | wc -l) == 3 ]] || fail "a refused map left something"
rm cache/weights/other-names.safetensors

# --- Download ---
expect_failure 2 "$BELAMY" weights fetch
expect_failure 2 "$BELAMY" weights fetch vgg16-conv
expect_text "no address is known for weights 'vgg16-conv'"
no_proxy=127.0.0.1 expect_failure 3 "$BELAMY" weights fetch inception --base-url http://127.0.0.1:9
expect_text "http://127.0.0.1:9/pt_inception-2015-12-05-6726825d.pth"
expect_text "put these files into $scratch/cache/downloads by hand"

# --- List and info ---
cp apart/half.safetensors theirs/broken.safetensors
cp apart/small.safetensors theirs/mine.safetensors
expect_code 0 "$BELAMY" weights list
expect_text "^name +network +size +SHA-256 +where$"
expect_text "^vgg16-conv +vgg16-conv +56.1 MiB +${digest:0:12} +$scratch/cache/weights/vgg16-conv.safetensors$"
expect_text "^mine +unknown .*$scratch/theirs/mine.safetensors$"
expect_text "^mine +unknown .*cache/weights/mine.safetensors \(hidden by the file of this name above\)$"
expect_text "^broken +not readable"
expect_text "warning: '$scratch/theirs/broken.safetensors' is damaged"
expect_code 0 "$BELAMY" weights info vgg16-conv
expect_text "^network +vgg16-conv: the convolutions of VGG16"
expect_text "^use +style transfer: belamy stylize --features vgg16-conv"
expect_text "^SHA-256 +$digest$"
expect_text "^parameters +14,714,688 in 26 tensors"
expect_text "^  conv1_1.weight  F32 \[64, 3, 3, 3\]$"
vgg16 | sed 's/conv2_1.weight 128 64 3 3/conv2_1.weight 128 64 5 5/' | make_safetensors apart/wrong.safetensors
expect_code 0 "$BELAMY" weights info apart/wrong.safetensors
expect_text "^network +unknown"
expect_text "none: it is not vgg16-conv, because tensor 'conv2_1.weight' has the shape \[128, 64, 5, 5\] instead of \[128, 64, 3, 3\]"
printf '{"a\\u001b[2J":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' >header
# shellcheck disable=SC2059  # the format is the length
{ printf "\\x$(printf '%02x' "$(stat -c %s header)")\0\0\0\0\0\0\0"; cat header; printf '\0\0\0\0'; } >apart/escape.safetensors
expect_code 0 "$BELAMY" weights info apart/escape.safetensors
expect_text '"a\\u001b\[2J"  F32 \[1\]'

# --- Style transfer without a run ---
make_images images 2
expect_code 0 "$BELAMY" stylize --features vgg16-conv --content images/left/001.pgm --style images/top/000.pgm --steps 10
expect_file stylized.png
expect_failure 2 "$BELAMY" stylize --content images/left/001.pgm --style images/top/000.pgm
expect_text "neither a run nor --features is given"
expect_failure 2 "$BELAMY" stylize run --features vgg16-conv --content images/left/001.pgm --style images/top/000.pgm
expect_text "a run and --features are given"
expect_failure 2 "$BELAMY" stylize --features vgg16-conv --set use.x=1 --content images/left/001.pgm --style images/top/000.pgm
expect_failure 3 "$BELAMY" stylize --features vgg16 --content images/left/001.pgm --style images/top/000.pgm
expect_text "did you mean 'vgg16-conv'\?"
expect_failure 3 "$BELAMY" stylize --features mine --content images/left/001.pgm --style images/top/000.pgm
expect_text "'$scratch/theirs/mine.safetensors' does not hold vgg16-conv: tensor 'conv1_1.weight' of shape \[64, 3, 3, 3\] is missing"
expect_failure 3 "$BELAMY" stylize --features vgg16-conv --size 15 --content images/left/001.pgm --style images/top/000.pgm
expect_text "is 15x15, smaller than the 16 pixels that VGG16 needs"

# --- Completion ---
"$BELAMY" completion >completion.sh
grep -q 'words="broken mine vgg16-conv "' completion.sh || fail "the names of weights are not completed"
