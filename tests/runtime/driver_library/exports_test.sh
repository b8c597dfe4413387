#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A driver library exports its one C symbol and no unique symbols: else two libraries would share classes.
set -eu
for library in "$@"; do
  symbols=$(nm -D --defined-only "$library" | awk '{print $3}' | tr '\n' ' ')
  if [ "$symbols" != "st_driver " ]; then
    echo "$library exports '$symbols', must export 'st_driver' alone" >&2
    exit 1
  fi
  if nm "$library" | awk '$2 == "u"' | grep -q .; then
    echo "$library has unique symbols:" >&2
    nm "$library" | awk '$2 == "u"' >&2
    exit 1
  fi
done
