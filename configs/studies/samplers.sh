#!/usr/bin/env bash
# The rows that the sampler studies use: configs/studies/samplers.sh FOLDER [ROWS [SET]] (reads LETHE_TOFU_DIR).
# forget.jsonl is ROWS rows of SET, evenly spaced (40 and forget01: all of it; 20: every second one); retain.jsonl the first
# ROWS rows of retain99 (taught with them, kept), kept.jsonl every fourth of those, which is evaluated.
set -euo pipefail
FROM=${LETHE_TOFU_DIR:?names the folder with the files of TOFU, see docs/benchmarks.md}
TO=${1:?samplers.sh FOLDER [ROWS [SET]]} ROWS=${2:-40} SET=${3:-forget01}
mkdir -p "$TO"
awk -v rows="$ROWS" -v of="$(grep -c . "$FROM/$SET.json")" '(NR - 1) * rows % of < rows' "$FROM/$SET.json" > "$TO/forget.jsonl"
awk -v rows="$ROWS" 'NR <= rows' "$FROM/retain99.json" > "$TO/retain.jsonl"
awk 'NR % 4 == 1' "$TO/retain.jsonl" > "$TO/kept.jsonl"
