#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A driver is one folder and two lines, as docs/how-to/write-a-driver.md says, and no other code knows it by name.
# usage: registration_test.sh SOURCE_TREE
set -eu
cd "$1"
fail() {
  echo "error: $*" >&2
  exit 1
}
names=""
for folder in runtime/drivers/*/; do
  name=$(basename "$folder")
  names="$names${names:+|}$name"
  [ -f "$folder${name}_driver.cpp" ] || fail "$folder has no ${name}_driver.cpp"
  [ "$(grep -c "^ST_DRIVER($name)\$" runtime/drivers/drivers.def)" = 1 ] || fail "drivers.def has no line for $name"
  grep -q "^st_conformance(.* --driver=${name}[ )]" tests/conformance/CMakeLists.txt ||
    fail "the conformance suite does not run on $name"
done
[ "$(grep -c "^ST_DRIVER(" runtime/drivers/drivers.def)" = "$(echo "$names" | tr '|' '\n' | wc -l)" ] ||
  fail "drivers.def has a line without a folder"
if grep -rnE "[!=]= *\"($names)\"|case .*\"($names)\"" runtime server compiler --include='*.cpp' --include='*.h'; then
  fail "code above asks for a driver by name: ask what the driver says of itself"
fi
if grep -rnE "#include \"runtime/drivers/($names)/" runtime server compiler --include='*.cpp' --include='*.h' |
  grep -vE "^runtime/drivers/($names)/"; then
  fail "code above includes a driver's own header"
fi
