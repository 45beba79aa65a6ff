"""How well do estimators rank samples by MRD? Spearman with a long run, over disjoint groups of directions.

  rank_of_estimators.py measure NAME LETHE MODEL_DIR DATA OUT [--directions 256] [--samples 32] [--ranks 2] [--step S]
      NAME: antithetic, jet, jet_bf16 or plain. Draws on the first rows of DATA (question and
      answer, JSON Lines; what the model was planted with) and writes OUT/NAME.csv, a line for each
      four directions (how each sample's log-probability answers, averaged over the four). What was drawn before is kept
      beside it (OUT/NAME.run), and the same command goes on from there, to more --directions too; another one (--samples,
      --step, MODEL_DIR) is refused there.
  rank_of_estimators.py table OUT
      Markdown: median and range over groups of 4, 16 and 64 directions. The reference is all of OUT/antithetic.csv; for groups
      of its own, the other groups. The others draw along other directions (another seed), the two jets along the same.

antithetic measures at STEP, or at the step that calibration finds, plain at sigma = 1e-5 itself; mean_abs is plain's values without
their signs. Needs Python's standard library only.
"""
import argparse, os, shutil, statistics, subprocess, sys, time

import shared

SETTINGS = {"antithetic": ("float32", "estimator: antithetic, seed: 0"),
            "jet": ("float32", "estimator: {name: jet, group: 4}, seed: 1"),
            "jet_bf16": ("bfloat16", "estimator: {name: jet, group: 4}, seed: 1"),
            "plain": ("float32", "estimator: plain, sigma_eff: 1.0e-5, seed: 1")}


# ---- measure ----

def directions_of_a_draw(name):
    return 4 if name.startswith("jet") else 1


def what_is_scored(path):
    """Lines of a configuration or a set, without the retain set: no score depends on it."""
    with open(path) as f:
        return [line for line in f if not line.startswith("  retain:")]


def put_in_place(asked, path, has_draws):
    """What was written aside becomes PATH, unless draws are there that were made of something else."""
    if has_draws and os.path.exists(path) and what_is_scored(asked) != what_is_scored(path):
        os.remove(asked)
        sys.exit(f"{path}: the draws beside it were made of other settings or rows; name another OUT, or remove {os.path.dirname(path)}")
    os.replace(asked, path)


def write_config(options, folder, has_draws):
    compute, score = SETTINGS[options.name]
    if options.step and options.name == "antithetic":
        score += f", sigma_eff: {options.step}"
    forget = f"{folder}/forget.jsonl"
    retain = shared.ROOT + "/configs/quickstart/data/retain.jsonl"
    put_in_place(shared.write_rows(f"{folder}/asked.jsonl", shared.first_rows(options.data, options.samples)), forget, has_draws)
    asked = shared.write_config(folder, "asked", options.model, forget, retain, f"""
parallel: {{zero: 0, threads: 1}}
score: {{{score}, stop: {{weights: 1.0e-9, max_draws: 1000000}}}}
""", compute)
    put_in_place(asked, f"{folder}/score.yaml", has_draws)
    return f"{folder}/score.yaml"


def read_state(path):
    """The draws of an interrupted scoring (framework/scoring/score_state.h): its step, and a row of values for each."""
    with open(path) as f:
        lines = f.read().split("\n")
    step, count = lines[2].split()
    rows = [[float.fromhex(v) for v in lines[3 + 2 * k].split()[1:]] for k in range(int(count))]
    return float.fromhex(step), rows


def write_groups(options, step, draws):
    per = directions_of_a_draw(options.name)
    size = 4 // per
    groups = [draws[k:k + size] for k in range(0, len(draws) - size + 1, size)]
    with open(f"{options.out}/{options.name}.csv.new", "w") as f:
        f.write(f"# rank_of_estimators.py measure {options.name}, lethe {options.version}, first {options.samples} rows of {os.path.basename(options.data)}, "
                f"step {step:.4g}, seed in the script; a line: mean of 4 directions, a column: a sample\n")
        for group in groups:
            f.write(",".join(f"{statistics.mean(column):.6g}" for column in zip(*group)) + "\n")
        if options.name == "plain":  # |f| has to be taken before the mean
            f.write("# mean_abs\n")
            for group in groups:
                f.write(",".join(f"{statistics.mean(map(abs, column)):.6g}" for column in zip(*group)) + "\n")
    os.replace(f"{options.out}/{options.name}.csv.new", f"{options.out}/{options.name}.csv")
    return 4 * len(groups)


def written(path):
    """When, in ns; None where there is no such file."""
    return os.stat(path).st_mtime_ns if os.path.exists(path) else None


def measure(options):
    folder = os.path.join(options.out, options.name + ".run")
    state = f"{folder}/out/cache/scoring-0.txt"
    os.makedirs(folder, exist_ok=True)
    old = written(state)  # it counts once lethe has gone on from it: of another scoring lethe begins anew
    config = write_config(options, folder, old is not None)
    options.version = subprocess.run([options.lethe, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    job = subprocess.Popen(shared.start_line(options.lethe, "score", config, f"{folder}/out", options.ranks), cwd=shared.ROOT,
                           stdout=subprocess.DEVNULL)
    try:
        seen, done = 0, 0
        while done < options.directions and job.poll() is None:
            time.sleep(0.5)
            if written(state) not in (None, old):
                step, draws = read_state(shutil.copy(state, f"{folder}/seen.txt"))
                if len(draws) > seen:
                    seen, done = len(draws), write_groups(options, step, draws)
        code = job.poll()
    finally:
        job.terminate()
        job.wait()
    if done < options.directions:
        sys.exit(f"{options.name}: lethe ended with exit code {code} after {done} of {options.directions} directions")
    print(f"{options.name}: {done} directions")


# ---- table ----

def read_groups(path):
    parts, rows = [], []
    for line in open(path):
        if line.startswith("#"):
            rows = []
            parts.append(rows)
        else:
            rows.append([float(v) for v in line.split(",")])
    return parts


def ranks(values):
    return [sum(w < v for w in values) + (sum(w == v for w in values) - 1) / 2 for v in values]


def spearman(x, y):
    return statistics.correlation(ranks(x), ranks(y))


def score(groups):
    return [abs(statistics.mean(column)) for column in zip(*groups)]


def correlations(rows, directions, reference, own):
    size = directions // 4
    found = []
    for first in range(0, len(rows) - size + 1, size):
        others = reference if not own else reference[:first] + reference[first + size:]
        if others:
            found.append(spearman(score(rows[first:first + size]), score(others)))
    return found


def shown(found):
    if not found:
        return "–"
    return f"{statistics.median(found):.3f} ({min(found):.3f}–{max(found):.3f}, {len(found)})"


def table(options):
    runs = {}
    for name in SETTINGS:
        path = f"{options.out}/{name}.csv"
        if os.path.exists(path):
            parts = read_groups(path)
            runs[name] = parts[0]
            if len(parts) > 1:
                runs["mean_abs"] = parts[1]
    reference = runs["antithetic"]
    print(f"Reference: {4 * len(reference)} antithetic directions, {len(reference[0])} samples. Median (range, groups).\n")
    print("| estimator | directions drawn | 4 directions | 16 | 64 |\n|---|---|---|---|---|")
    for name, rows in runs.items():
        cells = [shown(correlations(rows, d, reference, name == "antithetic")) for d in (4, 16, 64)]
        print(f"| {name} | {4 * len(rows)} | " + " | ".join(cells) + " |")
    if "jet" in runs and "jet_bf16" in runs:
        same = [spearman(score([a]), score([b])) for a, b in zip(runs["jet"], runs["jet_bf16"])]
        print(f"\nbf16 jet against float32 jet on the same 4 directions: {shown(same)}")


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("measure")
    one.add_argument("name", choices=SETTINGS)
    for name in ("lethe", "model", "data", "out"):
        one.add_argument(name, type=os.path.abspath)
    one.add_argument("--directions", type=int, default=256)
    one.add_argument("--samples", type=int, default=32)
    one.add_argument("--ranks", type=int, default=2)
    one.add_argument("--step", type=float)
    two = commands.add_parser("table")
    two.add_argument("out")
    options = parser.parse_args()
    measure(options) if options.command == "measure" else table(options)


if __name__ == "__main__":
    sys.exit(main())
