#!/usr/bin/env bash
# The Debian package: cpack makes it of this build, its files are where Debian's policy wants them, and the program runs from
# wherever the package is unpacked. Skipped without dpkg-dev and file; lintian is asked where it is installed.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
for tool in cpack dpkg-deb dpkg-shlibdeps file gzip; do
  if ! command -v "$tool" >/dev/null; then
    echo "SKIPPED: there is no $tool (packages dpkg-dev and file)" >&2
    exit 77
  fi
done
cached() { sed -nE "s/^$1:[A-Z]+=//p" "$BUILD/CMakeCache.txt"; }
if [[ $(cached BELAMY_SANITIZE) == ON || $(cached Torch_DIR) != /usr/* ]]; then
  echo "SKIPPED: this build has sanitizers, or a LibTorch that is not Debian's" >&2
  exit 77
fi

# The fast compression changes no content.
expect_code 0 cpack --config "$BUILD/CPackConfig.cmake" -G DEB -B packages -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip
version=$("$BELAMY" --version | sed -nE 's/^belamy +([0-9.]+).*/\1/p')
package=packages/belamy_$version-1_$(dpkg --print-architecture).deb
expect_file "$package"
[[ -s $package ]] || exit 1

# --- What it says of itself ---
field() { dpkg-deb -f "$package" "$1"; }
[[ $(field Package) == belamy && $(field Version) == "$version-1" ]] || fail "name and version: $(field Package) $(field Version)"
[[ $(field Section) == science ]] || fail "section $(field Section)"
[[ $(field Maintainer) == "$(cached BELAMY_MAINTAINER)" ]] || fail "maintainer $(field Maintainer)"
[[ $(field Depends) == *libtorch* && $(field Depends) == *libc6* ]] || fail "it depends on: $(field Depends)"
while read -r font _; do
  [[ " $(field Recommends)," == *" $font,"* ]] || fail "it does not recommend $font"
done < <(grep '^fonts-' "$SOURCE/tools/packages.txt")

# --- Its files ---
dpkg-deb -x "$package" unpacked
share=unpacked/usr/share
expect_file unpacked/usr/bin/belamy "$share"/bash-completion/completions/belamy "$share"/zsh/vendor-completions/_belamy \
  "$share"/fish/vendor_completions.d/belamy.fish "$share"/doc/belamy/copyright "$share"/belamy/recipes/gan/dcgan-mnist.toml
expect_none unpacked/usr/include "$share"/man/man1/belamy.1 "$share"/doc/belamy/changelog
[[ -z $(find unpacked -name '*.cmake' -o -name 'libbelamy.so') ]] || fail "it holds files that only a compiler needs"
zcat "$share/man/man1/belamy.1.gz" >belamy.1
grep -q '^\.TH BELAMY 1' belamy.1 || fail "there is no manual page"
zcat "$share/doc/belamy/changelog.gz" | cmp -s - "$SOURCE/CHANGELOG.md" || fail "changelog.gz is not CHANGELOG.md"
zcat "$share/doc/belamy/changelog.Debian.gz" >changelog
[[ $(head -1 changelog) == "belamy ($version-1) "* ]] ||
  fail "changelog.Debian.gz does not begin with this version"
grep -q '^License: Apache-2.0$' "$share/doc/belamy/copyright" || fail "the copyright file names no licence"

# --- The program runs from there, with its own library ---
program=$PWD/unpacked/usr/bin/belamy
libraries=$(ldd "$program")
[[ $libraries == *"libbelamy.so.0 => $PWD/unpacked/"* ]] || fail "the program does not find its library: $libraries"
expect_code 0 "$program" --version
expect_text "^belamy +$version"
expect_code 0 "$program" models
expect_text "^dcgan "

# --- Debian's checker ---
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning "$package" >lintian.txt 2>&1 || fail "lintian: $(head -20 lintian.txt)"
else
  echo "lintian is not installed: its part of this test is left out" >&2
fi
