#!/bin/sh
# evaluate.sh [FOLDER]: makes everything that a report needs, from nothing, in FOLDER (results).
#
# Change the names, not the order: what is tuned on is not what is reported on, and the comparison
# is made once. SEEDS (0:5) and TRIALS (6) may be set to less while you try the script.
set -eu
out=${1:-results}
mkdir -p "$out"

# What is tuned on: random problems of three kinds, their seeds far from those of the frozen suite.
for kind in layered series_parallel trees; do
  vliwc instances generate "$kind" --count 4 --seed 0 -p operations=60 -p pressure=0.5 \
    -o "$out/train" > /dev/null
done
# What is reported on: problems with proved optima that papers can name by a digest.
vliwc instances suite -o "$out/test" --force > "$out/suite.txt"

vliwc tune "$out/train" --scheduler climber --scheduler climber-small --scheduler climber-large \
  --trials "${TRIALS:-6}" --batch 3 > "$out/tuned.txt"

vliwc compare "$out/test" --baseline climber --scheduler list:critical-path --scheduler random \
  --scheduler backward --scheduler climber --seed "${SEEDS:-0:5}" --no-times \
  --store "$out/runs.sqlite" -o "$out/runs.csv" --pairs "$out/pairs.csv" --plots "$out/plots" \
  > "$out/table.txt"
vliwc leaderboard "$out/runs.sqlite" -o "$out/leaderboard.html" --title "climber" \
  > "$out/ranks.txt"

# What somebody else needs to repeat it.
{ vliwc --version; python -m pip freeze; } > "$out/versions.txt"
cat "$out/table.txt"
