#!/usr/bin/env bash
# The rows that the sampler studies use: configs/studies/samplers.sh FOLDER [ROWS [SET]] (reads LETHE_TOFU_DIR).
# forget.jsonl is every second row of SET (forget01: both of its authors), ROWS (20) of them at most; retain.jsonl the
# first ROWS rows of retain99 (taught with them, kept), kept.jsonl every fourth of those, which is evaluated.
set -euo pipefail
FROM=${LETHE_TOFU_DIR:?names the folder with the files of TOFU, see docs/benchmarks.md}
TO=${1:?samplers.sh FOLDER [ROWS [SET]]} ROWS=${2:-20} SET=${3:-forget01}
mkdir -p "$TO"
awk -v rows="$ROWS" 'NR % 2 && ++kept <= rows' "$FROM/$SET.json" > "$TO/forget.jsonl"
awk -v rows="$ROWS" 'NR <= rows' "$FROM/retain99.json" > "$TO/retain.jsonl"
awk 'NR % 4 == 1' "$TO/retain.jsonl" > "$TO/kept.jsonl"
