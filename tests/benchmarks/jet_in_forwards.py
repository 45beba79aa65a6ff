"""What a refresh of the scores by jets costs: the base pass and one group of directions, in plain forwards of the same samples and dtype.

Run: python jet_in_forwards.py LETHE MODEL_DIR DATA [--samples 32] [--group 4] [--compute bfloat16] [--ranks 2] [--rounds 1]
Scores the first rows of DATA with three groups. The state that a scoring saves behind each of its draws says its seconds up to
there: those of the first are a refresh, what is added a group. A plain forward is an evaluation of the answers' probabilities;
one is taken before and one after each scoring, because the host's speed changes, and a round counts their mean. Needs Python's
standard library only.
"""
import argparse, os, statistics, subprocess, tempfile, time

import shared


def config_of(options, folder, name):
    forget = shared.write_rows(f"{folder}/forget.jsonl", shared.first_rows(options.data, options.samples))
    return shared.write_config(folder, name, options.model, forget, shared.ROOT + "/configs/quickstart/data/retain.jsonl", f"""
cache: {folder}/cache
parallel: {{zero: 0, threads: 1}}
score: {{estimator: {{name: jet, group: {options.group}}}, stop: {{min_draws: 3, max_draws: 3}}}}
eval: {{generate: false, metrics: [{{name: probability, set: forget}}]}}
""", options.compute)


def forward(options, folder, name):
    out = shared.run_lethe(options.lethe, "eval", config_of(options, folder, name), f"{folder}/{name}", options.ranks)
    return shared.records(out + "/records.jsonl", "evaluation")[0]["seconds"]


def seconds_of(state):
    """Of a saved state: the last word before `hash` and the hash. None where there is none."""
    try:
        with open(state) as f:
            return float.fromhex(f.read().split()[-3])
    except (OSError, IndexError, ValueError):
        return None


def seconds_by_draw(options, folder, name):
    """Of a scoring, after each of its draws."""
    out, seen = f"{folder}/{name}", []
    job = subprocess.Popen(shared.start_line(options.lethe, "score", config_of(options, folder, name), out, options.ranks),
                           cwd=shared.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while job.poll() is None:
        now = seconds_of(out + "/cache/scoring-0.txt")
        if now is not None and now not in seen:
            seen.append(now)
        time.sleep(0.05)
    if job.returncode != 0:
        raise SystemExit(f"lethe score ended with {job.returncode}")
    last = shared.records(out + "/scores.jsonl", "scoring")[0]["seconds"]
    return seen[:2] + [last]


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model", "data"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--group", type=int, default=4)
    parser.add_argument("--compute", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    refreshes, groups = [], []
    with tempfile.TemporaryDirectory() as folder:
        forward(options, folder, "warm")  # token store and page cache
        for number in range(1, options.rounds + 1):
            before = forward(options, folder, f"before-{number}")
            draws = seconds_by_draw(options, folder, f"score-{number}")
            after = forward(options, folder, f"after-{number}")
            mean = (before + after) / 2
            refreshes.append(draws[0] / mean)
            groups.append((draws[2] - draws[0]) / 2 / mean)
            print(f"round {number}: a forward {before:.2f} and {after:.2f} s; after each group {', '.join(f'{s:.1f}' for s in draws)} s", flush=True)
    print(f"{options.compute}, {options.samples} samples, groups of {options.group}: a group {statistics.median(groups):.1f} forwards, "
          f"a refresh with its base pass {statistics.median(refreshes):.1f}")


if __name__ == "__main__":
    main()
