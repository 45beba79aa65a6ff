#!/usr/bin/env bash
# A reduced TOFU, the first rows of its files: configs/tofu/reduced.sh FOLDER [FORGET [RETAIN]] (reads LETHE_TOFU_DIR).
# FORGET (12) and RETAIN (24) rows are trained on; all of the forget rows and 8 of the retain rows are evaluated, with
# their wrong answers. holdout is FORGET rows of further authors that no run trains on, real_authors and world_facts are
# 10 questions each.
set -euo pipefail
FROM=${LETHE_TOFU_DIR:?names the folder with the files of TOFU, see docs/benchmarks.md}
TO=${1:?reduced.sh FOLDER [FORGET [RETAIN]]} FORGET=${2:-12} RETAIN=${3:-24}
mkdir -p "$TO"
head -n "$FORGET" "$FROM/forget01_perturbed.json" > "$TO/forget.json"
head -n "$RETAIN" "$FROM/retain_perturbed.json" > "$TO/retain.json"
head -n 8 "$FROM/retain_perturbed.json" > "$TO/retain_evaluated.json"
first=$(((RETAIN / 20 + 2) * 20 + 1))  # authors have 20 rows, and their first questions are alike
sed -n "$first,$((first + FORGET - 1))p" "$FROM/retain_perturbed.json" > "$TO/holdout.json"
head -n 10 "$FROM/real_authors_perturbed.json" > "$TO/real_authors.json"
head -n 10 "$FROM/world_facts_perturbed.json" > "$TO/world_facts.json"
cp "$FROM/idontknow.jsonl" "$TO/idontknow.jsonl"
