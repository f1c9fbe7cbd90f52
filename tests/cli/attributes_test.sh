#!/usr/bin/env bash
# Attributes and captions of pictures: what the verbs print about them, and a model without attributes.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

make_images images 20
{
  echo "file,bright,age"
  for i in {0..19}; do printf 'file %03d.pgm,%d,%d\n' "$i" $((i % 4 ? -1 : 1)) "$i"; done | sed 's/^file //'
} >images/attributes.csv

# --- Names and shares ---
expect_code 0 "$BELAMY" data doctor images
expect_text "all: 2 attributes: bright 25.0 %; age mean 9.5, 0 to 19"
expect_text "attributes.csv: values -1 taken as 0"
expect_code 0 "$BELAMY" data info images
expect_text "images of 16x16 gray, 2 classes, 2 attributes"
expect_text "bright +[0-9.]+ %"
expect_code 0 "$BELAMY" data pack images --out packed.zip
expect_code 0 "$BELAMY" data doctor packed.zip
expect_text "all: 2 attributes: bright 25.0 %; age mean 9.5, 0 to 19"
expect_code 0 "$BELAMY" data info glyphs --set 'data.attributes=["italic","mono"]'
expect_text "italic +50.0 %"
expect_text "mono +25.0 %"
expect_no_text "bold"
expect_code 0 "$BELAMY" data info glyphs
expect_no_text "attribute"

# --- Pictures without a row: the doctor and a training report the same ---
sed -i -e '/^003/d' -e 's/^005/nowhere\/005/' images/attributes.csv
expect_code 3 "$BELAMY" data doctor images
expect_text "names 1 file that is not there: nowhere/005.pgm"
expect_text "images/left/003.pgm +without a row in attributes.csv"
expect_code 0 "$BELAMY" train gan --data images --steps 2 --out gan "${tiny[@]}"
expect_text "2 of 18 files left out"
expect_code 0 "$BELAMY" train gan --data images --steps 2 --out one "${tiny[@]}" --set 'data.attributes=["age"]'
grep -q '^attributes = \["age"\]$' one/resolved.toml || fail "the run does not keep its attributes"
expect_failure 3 "$BELAMY" train gan --data images --steps 2 --out none "${tiny[@]}" --set 'data.attributes=["agee"]'
expect_text "no attribute is called 'agee'"
expect_text "did you mean 'age'"
rm images/attributes.csv
expect_code 0 "$BELAMY" train gan --data images --steps 4 --out gan --resume "${tiny[@]}"
expect_text "the training data have changed"

# --- A model without attributes ---
expect_failure 2 "$BELAMY" sample gan --attributes bright=1
expect_text "gan cannot draw samples of given attributes"
expect_none samples.png

# --- Captions ---
for i in {000..019}; do for file in images/*/"$i".pgm; do echo "A bar at the $(basename "$(dirname "$file")")" >"${file%.pgm}.txt"; done; done
expect_code 0 "$BELAMY" data doctor images
expect_text "all: captions of 5 to 5 words, 6 different words"
expect_code 0 "$BELAMY" data info images
expect_text "2 classes, captions"

# --- Pictures of a text ---
small=(--data glyphs-captions --set data.limit=200 --set data.size=16 --set train.batch=16 --steps 2)
expect_code 0 "$BELAMY" train stackgan --out texts "${small[@]}" --set model.width=4 --set model.enlargement=2
expect_code 0 "$BELAMY" sample texts --text "a red A" --text "small blue B" -n 7 --out said.png
expect_text "^8 samples of"
expect_file said.png
expect_code 0 "$BELAMY" sample texts --text "a red elephant" -n 2 --out one.png
expect_text "'elephant': no caption of the training had this word"
expect_failure 2 "$BELAMY" sample texts --text "elephant" --out none.png
expect_text "knows no word of the text 'elephant'"
expect_text "its most frequent words are "
expect_failure 2 "$BELAMY" sample gan --text "a red A" --out none.png
expect_text "gan cannot draw samples of a given text"
expect_none none.png
expect_failure 2 "$BELAMY" train stackgan --data glyphs --steps 2 --out none
expect_text "it needs captions"
expect_code 0 "$BELAMY" train joint-embedding --out both "${small[@]}" --set model.width=4
expect_code 0 "$BELAMY" match both --text "a red A" --folder glyphs-captions -n 3 --out ranks.csv --sheet best.png
expect_text "745 of glyphs-captions by cosine of text and image"
expect_file ranks.csv
expect_file best.png
expect_failure 2 "$BELAMY" match both --text "a red A" --query best.png --folder glyphs-captions
expect_text "match compares two images, or ranks a folder by an image or a text"
expect_code 0 "$BELAMY" evaluate both --data glyphs-captions-seen
expect_text "1,000 captions, each compared with 1,000 test images"
expect_failure 3 "$BELAMY" evaluate both --data glyphs
expect_text "'glyphs' holds data of other classes than those that"
expect_code 0 "$BELAMY" evaluate texts -n 100 --measures caption-agreement
expect_text "class of the caption +[01]\.[0-9]+"
expect_text "attributes of the caption +[01]\.[0-9]+"
expect_text "attribute of the caption bold +[01]\.[0-9]+"
