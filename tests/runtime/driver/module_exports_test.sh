#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A card module exports its one C symbol and no unique symbols: else two modules would share classes.
set -eu
for module in "$@"; do
  symbols=$(nm -D --defined-only "$module" | awk '{print $3}' | tr '\n' ' ')
  if [ "$symbols" != "st_card_module " ]; then
    echo "$module exports '$symbols', must export 'st_card_module' alone" >&2
    exit 1
  fi
  if nm "$module" | awk '$2 == "u"' | grep -q .; then
    echo "$module has unique symbols:" >&2
    nm "$module" | awk '$2 == "u"' >&2
    exit 1
  fi
done
