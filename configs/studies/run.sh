#!/usr/bin/env bash
# Both sampler studies into one folder, seeds two by two, so that what is there when it is interrupted is paired; the same
# command goes on. configs/studies/run.sh [RUNS [OBJECTIVE…]]; LETHE is the program. Ends in Markdown tables.
set -euo pipefail
cd "$(dirname "$0")/../.."
RUNS=${1:-runs/samplers}
[ $# -gt 0 ] && shift
LETHE=${LETHE:-build/launchers/lethe} OBJECTIVES=${*:-grad_diff npo}
export LETHE_STUDY_DATA=${LETHE_STUDY_DATA:-$RUNS/data} OMP_NUM_THREADS=1
[ -e "$LETHE_STUDY_DATA/kept.jsonl" ] || configs/studies/samplers.sh "$LETHE_STUDY_DATA"
for seeds in 1,2 1,2,3,4 1,2,3,4,5; do  # two cells at a time: three samplers x two seeds leave no core idle
  for objective in $OBJECTIVES; do
    "$LETHE" campaign "configs/studies/samplers_$objective.yaml" --out "$RUNS" --set "campaign.repeats.seeds=[$seeds]"
    cp "$RUNS/cells.json" "$RUNS/cells-$objective.json"
  done
done
# Gradient norms and the like of the planted model's samples, once.
[ -s "$RUNS/analysis/scores.jsonl" ] || "$LETHE" score configs/studies/common.yaml --analyse --out "$RUNS/analysis" \
  --set "model.path=$(echo "$RUNS"/runs/plant-*/model)" --set score.stop.min_draws=2 --set score.stop.max_draws=2
python3 configs/studies/samplers.py collect "$RUNS" "$RUNS/numbers"
python3 configs/studies/samplers.py table "$RUNS/numbers"
