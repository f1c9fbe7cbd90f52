#!/usr/bin/env bash
# Outputs never overwrite inputs or other files of the user, and their names tell their kind.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

sums() { # FOLDER: every file in it with its digest
  find "$1" -type f -exec sha256sum {} + | sort -k 2
}

# expect_kept FOLDER N COMMAND...: the command ends with N, and no file below the folder is changed, new or gone.
expect_kept() {
  local folder=$1 before
  before=$(sums "$folder")
  shift
  expect_failure "$@"
  [[ $(sums "$folder") == "$before" ]] || fail "'$called' changes $folder"
}

make_images images 40
expect_code 0 "$BELAMY" train pix2pix --data images --set pairs=edges --steps 1 --out turned --set train.threads=1 \
  --set width=4 --set discriminator_width=4 --set train.batch=4
expect_code 0 "$BELAMY" train autoencoder --data images --steps 2 --out coder --set train.threads=1 --set "model.hidden=[16]"
expect_code 0 "$BELAMY" train gan --data images --steps 2 --out gan "${tiny[@]}"
expect_code 0 "$BELAMY" train dcgan --data images --steps 1 --out seen --set train.threads=1 --set width=4
expect_code 0 "$BELAMY" train source-only --data images --set target=images --steps 1 --out named --set train.threads=1
# Pictures that Belamy did not write.
picture=$(echo gan/samples/*.png)
cp "$picture" photo.png
mkdir photos
cp photo.png photos/a.png
cp photo.png photos/b.png

# --- The files of the run stay; others in its folder are the user's ---
for file in "$picture" gan/samples/../samples/"${picture##*/}"; do
  expect_kept gan 2 "$BELAMY" sample gan -n 4 --out "$file"
  expect_text "the command or its run reads that file and would overwrite it"
done
expect_code 0 "$BELAMY" sample gan -n 4 --out gan/mine.png
expect_code 0 "$BELAMY" sample gan -n 9 --out gan/mine.png
expect_kept gan 2 "$BELAMY" sample gan -n 4 --out gan
expect_text "--out gan: this is the folder of a run"
expect_kept gan 2 "$BELAMY" sweep gan --over use.truncation=1 --out coder
expect_text "--out coder: this is the folder of a run"
expect_failure 2 "$BELAMY" sample gan -n 4 --out -
expect_none ./-

# --- An output is named after its input, also through links ---
mkdir -p lk/links
cp -r photos lk/orig
ln -s ../orig/a.png lk/links/1.png
before=$(sums lk/orig)
expect_code 0 "$BELAMY" translate turned --data lk/links --out lk/out
expect_file lk/out/1.png
[[ $(sums lk/orig) == "$before" ]] || fail "the file behind a link is overwritten"
# Folders behind links are entered; files of other kinds are counted.
mkdir -p album/deep
cp photos/a.png album/deep/Thumbs.db
echo "text" >album/readme.txt
echo "a,b" >album/deep/list.csv
cp photos/a.png album/a.png
ln -s ../photos album/linked
expect_code 0 "$BELAMY" translate turned --data album --out drawn
expect_text "3 of 3 files translated a2b into drawn"
expect_text "[23] other files left out: not named as an image"
expect_file drawn/a.png drawn/linked/{a,b}.png
expect_none drawn/deep drawn/readme.png
expect_code 0 "$BELAMY" translate turned --data album --out drawn # what Belamy wrote, it replaces
ln -s nowhere album/gone.png
expect_code 3 "$BELAMY" translate turned --data album --out drawn
expect_text "left out: album/gone.png: a link to a file that is not there"
mkdir none
echo "text" >none/readme.txt
expect_failure 3 "$BELAMY" translate turned --data none --out drawn
expect_text "none: no images in it"

# --- Nothing is written into the input folder ---
ln -s photos linked
for out in photos photos/ photos/out ./photos/../photos/out linked linked/out; do
  expect_kept photos 2 "$BELAMY" translate turned --data photos --out $out
  expect_text "--out $out: this lies in photos, whose images the command or its run reads"
  expect_text "choose a place outside of that folder"
done
expect_kept photos 2 "$BELAMY" translate turned --data photos --out elsewhere --sheet photos/sheet.png
expect_text "--sheet photos/sheet.png: this lies in photos"
expect_none photos/out elsewhere
expect_refused() { # OUTPUT COMMAND...
  expect_kept images 2 "$BELAMY" "${@:2}"
  expect_text "^belamy: $1: this lies in (/.*/)?images, whose images the command or its run reads"
}
expect_refused "--out images/left/" reconstruct coder --data images --out images/left/
expect_refused "--out images/some.png" reconstruct coder --out images/some.png # the run's own data
expect_refused "--sheet images/sheet.png" score coder --data images --sheet images/sheet.png
expect_refused "--out images/left/001.png" sample gan --out images/left/001.png # data that the verb does not read
expect_refused "--out images/" sample gan --out images/
expect_refused "--out images/page" sweep gan --over use.truncation=1 --out images/page
expect_refused "--out images/codes.png" embed coder --out images/codes.png
expect_refused "--out images/walk-linear.png" interpolate coder --out images/walk
expect_refused "--out images/classes.csv" classify named --out images/classes.csv
expect_refused "--out images/ranks.csv" match coder --query photo.png --folder images --out images/ranks.csv
expect_refused "--out images/packed.zip" data pack images --out images/packed.zip
expect_refused "--out images/run" train gan --data images --out images/run "${tiny[@]}"
in_images() { (cd images && "$BELAMY" "$@"); }
expect_kept images 2 in_images train gan --data . "${tiny[@]}"
expect_text "--out runs/gan: this lies in ., whose images the command or its run reads"

# --- No output overwrites an input, by whatever name ---
ln photos/a.png same.png
mkdir -p back
ln photos/a.png back/a.png
expect_kept photos 2 "$BELAMY" translate turned --data photos --out back
expect_text "--out back/a.png: the command or its run reads that file and would overwrite it"
expect_none back/b.png
for out in photos/a.png same.png ./photos/../photos/a.png linked/a.png; do
  expect_kept photos 2 "$BELAMY" stylize seen --content photos/a.png --style photos/b.png --out $out
  expect_text "--out $out: the command or its run reads that file"
done
cp photo.png stylized.png # the name that stylize takes by itself
expect_failure 2 "$BELAMY" stylize seen --content photos/a.png --style stylized.png
expect_same photo.png stylized.png
expect_kept photos 2 "$BELAMY" match coder --query photos/a.png --folder images --sheet photos/a.png
expect_code 0 "$BELAMY" sample gan -n 40 --out drawn.npz
cp drawn.npz copy.npz
expect_failure 2 "$BELAMY" reconstruct coder --data drawn.npz --out drawn.npz
expect_same drawn.npz copy.npz
expect_code 0 "$BELAMY" data pack images --out packed.zip
cp packed.zip copy.zip
expect_failure 2 "$BELAMY" data pack packed.zip --out packed.zip
expect_same packed.zip copy.zip

# --- A named file is replaced, but a picture only if Belamy wrote it, as all files in a named folder ---
for _ in 1 2; do
  expect_code 0 "$BELAMY" sample gan -n 3 --out grid.png
  expect_code 0 "$BELAMY" sample gan -n 3 --out drawn.npz
  expect_code 0 "$BELAMY" sample gan -n 3 --out folder/
  expect_code 0 "$BELAMY" data pack images --out packed.zip
  expect_code 0 "$BELAMY" lab box-muller --tiny --out page
done
expect_refused_picture() { # COMMAND...
  expect_kept photos 2 "$BELAMY" "$@"
  expect_text "photos/a.png: this file exists already, and Belamy did not write it"
}
expect_refused_picture sample gan -n 3 --out photos/a.png
expect_refused_picture score coder --sheet photos/a.png
expect_refused_picture embed coder --out photos/a.png
mkdir theirs
cp photos/a.png theirs/000001.png
expect_kept theirs 2 "$BELAMY" sample gan -n 3 --out theirs/
expect_text "theirs/000001.png: this file exists already, and Belamy did not write it"
expect_text "choose another --out, or move that file away"
expect_none theirs/000000.png
cp photos/b.png theirs/a.png
expect_kept theirs 2 "$BELAMY" translate turned --data photos --out theirs
echo "<html><title>Mine</title></html>" >theirs/index.html
expect_kept theirs 2 "$BELAMY" lab box-muller --tiny --out theirs
echo "{}" >theirs/exact-theory.json
expect_kept theirs 2 "$BELAMY" reproduce exact-theory --results theirs
expect_text "choose another --results"

# --- A name tells the kind ---
expect_failure 2 "$BELAMY" translate turned --data photos --out drawn --sheet sheet.jpg
expect_text "--sheet sheet.jpg: the name must end in .png"
expect_text "use --sheet sheet.png"
expect_failure 2 "$BELAMY" score coder --sheet sheet.jpg
expect_failure 2 "$BELAMY" match coder --query photos/a.png --folder images --sheet sheet.jpg
expect_failure 2 "$BELAMY" score coder --out s.png
expect_text "--out s.png: the name must end in .csv"
expect_text "use --out s.csv"
expect_failure 2 "$BELAMY" match coder --query photos/a.png --folder images --out s.png
expect_failure 2 "$BELAMY" classify named --out s.png
expect_failure 2 "$BELAMY" stylize seen --content photos/a.png --style photos/b.png --out s.csv
expect_failure 2 "$BELAMY" embed coder --out s.csv
expect_failure 2 "$BELAMY" data pack images --out packed.tar
expect_none sheet.jpg s.png s.csv packed.tar

# --- An empty value, as from an unset shell variable ---
expect_empty() { # NAME COMMAND...
  expect_failure 2 "$BELAMY" "${@:2}"
  expect_text "^belamy: $1 is empty$"
  expect_text "give it a value.*an unset shell variable is empty"
}
ls >before.txt
for verb in "train gan --steps 1" "demo --set train.steps=1" "sample gan" "interpolate gan" "reconstruct coder" "translate turned --data photos" \
  "classify named" "stylize seen --content photos/a.png --style photos/b.png" "score coder" "embed coder" \
  "match coder --query photos/a.png --folder images" "lab box-muller" "data pack images"; do
  # shellcheck disable=SC2086  # several words
  expect_empty --out $verb --out ""
  # shellcheck disable=SC2086  # several words
  expect_empty --out $verb --out=
done
expect_empty --out sample --out= gan # not "gan"
for verb in "score coder" "translate turned --data photos" "match coder --query photos/a.png --folder images"; do
  # shellcheck disable=SC2086  # several words
  expect_empty --sheet $verb --sheet ""
done
for verb in "train gan --steps 1" "reconstruct coder" "translate turned" "classify named" "score coder" "embed coder"; do
  # shellcheck disable=SC2086  # several words
  expect_empty --data $verb --data ""
done
for verb in sample interpolate reconstruct evaluate translate classify score match embed report; do
  expect_empty run $verb ""
done
expect_empty --results reproduce --list --results ""
expect_empty --runs reproduce --list --runs ""
expect_empty data data info ""
expect_empty --content stylize seen --content "" --style photos/b.png
expect_empty images match coder photos/a.png ""
expect_empty --count score coder --count ""
expect_empty --count sample gan -n ""
expect_empty --trials evaluate gan --trials ""
ls >after.txt
sed -i '/^after.txt$/d' after.txt
expect_same before.txt after.txt

# --- The longest names; one output that cannot be written ---
longest=$(printf '%0251d' 1)
mkdir long
cp images/left/001.pgm "long/$longest.pgm"
cp images/left/003.pgm long/last.pgm
expect_code 0 "$BELAMY" translate turned --data long --out long-drawn
expect_file "long-drawn/$longest.png" long-drawn/last.png
# Two names that differ only in their endings keep them, which makes the names too long.
cp photos/a.png "long/$longest.png"
expect_code 5 "$BELAMY" translate turned --data long --out most --sheet most.png
expect_text "not written: cannot write 'most/$longest.pgm.png': File name too long"
expect_text "1 of 3 files translated a2b into most"
expect_text "2 translations could not be written"
expect_file most/last.png most.png
rm long/last.pgm
expect_failure 5 "$BELAMY" translate turned --data long --out most
expect_text "^belamy: cannot write 'most/$longest"
