#!/usr/bin/env bash
# A reduced TOFU, the first rows of its files: configs/tofu/reduced.sh FOLDER (reads LETHE_TOFU_DIR).
# forget 20 and retain 40 rows are trained, all of the forget and 20 of the retain rows evaluated with their wrong
# answers; holdout is 20 rows of further authors that no run trains on. 10 questions each of real authors and the world.
set -euo pipefail
FROM=${LETHE_TOFU_DIR:?names the folder with the files of TOFU, see docs/benchmarks.md} TO=${1:?reduced.sh FOLDER}
mkdir -p "$TO"
head -n 20 "$FROM/forget01_perturbed.json" > "$TO/forget.json"
head -n 40 "$FROM/retain_perturbed.json" > "$TO/retain.json"
head -n 20 "$FROM/retain_perturbed.json" > "$TO/retain_evaluated.json"
tail -n 20 "$FROM/retain_perturbed.json" > "$TO/holdout.json"
head -n 10 "$FROM/real_authors_perturbed.json" > "$TO/real_authors.json"
head -n 10 "$FROM/world_facts_perturbed.json" > "$TO/world_facts.json"
cp "$FROM/idontknow.jsonl" "$TO/idontknow.jsonl"
