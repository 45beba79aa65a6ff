"""What the sampler studies say. Python's standard library only.

  samplers.py collect RUNS… OUT   RUNS: campaigns' folders, with their cells-*.json (configs/studies/run.sh makes them).
                                  OUT/cells.jsonl and OUT/samples.jsonl: numbers and row numbers, no texts.
  samplers.py table OUT [--target 0.2] [--share 0.9]    Markdown, from those two files.

Forgotten: a sample whose length-normalised answer probability is below the target. Done: SHARE of the forget set is
forgotten; between two evaluations everything is interpolated linearly, and a run that never gets there counts with its last
evaluation (≥) and is in no pair. Intervals: 95 %, Student's t over paired seeds; of correlations, Fisher's z.
"""
import argparse, glob, json, math, os, statistics, sys

# Student's t, 97.5 %, by degrees of freedom from 1.
T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042]

CALIBRATION_SAMPLES = 16  # framework/scoring/calibration.cpp


def records(path):
    return [json.loads(line) for line in open(path)]


def of_kind(rows, kind):
    return [r for r in rows if r["kind"] == kind]


# ---- collect ----

def named(campaign, choices):
    """A cell's table and its sampler there, with what else was varied: scores belong to the sampler, the rest to the table."""
    other = {k: v for k, v in choices.items() if k not in ("sampler", "seed") and (k, v) != ("objective", campaign)}
    told = lambda scores: [f"{k} {v}" for k, v in other.items() if k.startswith("score.") == scores]
    sampler = choices["sampler"] if choices["sampler"] == "uniform" else ", ".join([choices["sampler"], *told(True)])
    return {"objective": ", ".join([campaign, *told(False)]), "sampler": sampler, "seed": int(choices["seed"])}


def one_cell(folder, cell):
    rows = records(f"{folder}/{cell['runs'][-1]}/records.jsonl")
    row_of = {w["id"]: w["row"] for w in of_kind(rows, "sampler")[0]["weights"]}
    by_step = {}
    for e in of_kind(rows, "evaluation"):
        at = by_step.setdefault(e["step"], {"step": e["step"]})
        values = [s["probability"] for s in sorted(e["samples"], key=lambda s: s["row"])]
        at[e["set"]] = [round(v, 5) for v in values]
    steps = of_kind(rows, "step")
    return {"evaluated": [by_step[s] for s in sorted(by_step)],
            "batches": [[row_of[i] for i in s["forget_ids"]] for s in steps],
            "tokens": [s["real_tokens"] for s in steps],
            "seconds": round(sum(s["seconds"] for s in steps), 1),
            "looks": len({s["step"] for s in of_kind(rows, "sampler")}),
            "effective_samples": [round(s["effective_samples"], 2) for s in of_kind(rows, "sampler")]}


def samples_of(folder, cell, like):
    rows = records(f"{folder}/{cell['runs'][1]}/scores.jsonl")
    scoring = of_kind(rows, "scoring")[0]
    extra = {}
    if os.path.exists(f"{folder}/analysis/scores.jsonl"):
        for analysis in of_kind(records(f"{folder}/analysis/scores.jsonl"), "analysis"):
            extra = {s["row"]: s for s in analysis["samples"]}
    head = {k: scoring[k] for k in ("estimator", "draws", "passes", "calibration_passes", "sigma_eff", "tv_hat", "seconds", "effective_samples")}
    evaluated = like["evaluated"][0]  # the planted model's evaluation may have more rows
    before = {e["set"]: [round(s["probability"], 5) for s in sorted(e["samples"], key=lambda s: s["row"])][:len(evaluated[e["set"]])]
              for e in of_kind(records(f"{folder}/{cell['runs'][0]}/records.jsonl"), "evaluation")}
    return [{"scoring": head, "before": before}] + [
        {"row": r["row"], "mrd": r["mrd"], "standard_error": r["standard_error"], "tokens": r["tokens"],
         "loss": r["loss"], **{k: v for k, v in extra.get(r["row"], {}).items() if k in ("gradient_norm", "norms_only")}}
        for r in sorted(of_kind(rows, "score"), key=lambda r: r["row"])]


def collect(folders, out):
    os.makedirs(out, exist_ok=True)
    cells, samples = [], []
    for name in sorted(name for folder in folders for name in glob.glob(f"{folder}/cells-*.json")):
        folder, objective = os.path.dirname(name), os.path.basename(name)[len("cells-"):-len(".json")]
        done = [c for c in json.load(open(name))["cells"] if c["state"] == "done"]
        cells += [{**named(objective, c["choices"]), **one_cell(folder, c)} for c in done]
        samples = samples or (samples_of(folder, done[0], cells[0]) if done else [])
    for name, lines in (("cells", cells), ("samples", samples)):
        with open(f"{out}/{name}.jsonl", "w") as f:
            f.writelines(json.dumps(line) + "\n" for line in lines)
    print(f"{len(cells)} cells")


# ---- what a run reached ----

def at(curve, x):
    """Of a curve [(x, y)], y at x."""
    for (x0, y0), (x1, y1) in zip(curve, curve[1:]):
        if x0 <= x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return curve[-1][1]


def crossing(curve, level, rising=True):
    """Where a curve first reaches the level; None if it does not."""
    sign = 1 if rising else -1
    if sign * curve[0][1] >= sign * level:
        return curve[0][0]
    for (x0, y0), (x1, y1) in zip(curve, curve[1:]):
        if sign * y1 >= sign * level:
            return x0 if y1 == y0 else x0 + (x1 - x0) * min(max((level - y0) / (y1 - y0), 0), 1)
    return None


def curves(cell, start, target):
    points = [{"step": 0, "forget": start["forget"], "kept": start["kept"]}] + cell["evaluated"]
    return {"share": [(p["step"], sum(v < target for v in p["forget"]) / len(p["forget"])) for p in points],
            "kept": [(p["step"], statistics.mean(p["kept"])) for p in points],
            "mean": [(p["step"], statistics.mean(p["forget"])) for p in points],
            "sample": [[(p["step"], p["forget"][i]) for p in points] for i in range(len(start["forget"]))]}


def reached(cell, start, target, share):
    c = curves(cell, start, target)
    updates = crossing(c["share"], share)
    end = c["share"][-1][0]
    used = cell["batches"][:math.ceil(updates if updates is not None else end)]
    counts = [sum(b.count(row) for b in used) for row in range(len(start["forget"]))]
    tokens = [(0, 0)] + [(i + 1, sum(cell["tokens"][:i + 1])) for i in range(len(cell["tokens"]))]
    stop = end if updates is None else updates
    return {"done": updates is not None, "updates": stop, "tokens": at(tokens, stop), "kept": at(c["kept"], stop),
            "share": c["share"][-1][1], "covered": sum(n > 0 for n in counts), "least": min(counts),
            "most": max(counts), "kept_end": c["kept"][-1][1], "mean_end": c["mean"][-1][1]}


# ---- statistics ----

def interval(values):
    values = [round(v, 9) for v in values]  # no round-off where pairs are equal
    if len(values) < 2:
        return f"{values[0]:+.3g} (one pair)" if values else "–"
    freedom = min(len(values) - 1, len(T975))  # of more pairs a little wide
    half = T975[freedom - 1] * statistics.stdev(values) / math.sqrt(len(values))
    return f"{statistics.mean(values):+.3g} ± {half:.2g}"


def ranks(values):
    return [sum(w < v for w in values) + (sum(w == v for w in values) - 1) / 2 for v in values]


def correlation(x, y, rank):
    if rank:
        x, y = ranks(x), ranks(y)
    if len(set(x)) < 2 or len(set(y)) < 2:
        return "–"
    r = statistics.correlation(x, y)
    half = 1.96 * math.sqrt((1.06 if rank else 1) / (len(x) - 3))  # 1.06: Fieller's, for ranks
    z = math.atanh(max(min(r, 0.999999), -0.999999))
    return f"{r:+.2f} [{math.tanh(z - half):+.2f}, {math.tanh(z + half):+.2f}]"


# ---- tables ----

def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def head(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def sampler_table(cells, start, target, share):
    results = {(c["sampler"], c["seed"]): reached(c, start, target, share) for c in cells}
    assert len(results) == len(cells), "two cells of the same sampler and seed"
    names = list(dict.fromkeys(c["sampler"] for c in cells))
    head("sampler", "seeds", f"reached {share:.0%}", "updates", "real tokens", "kept probability there",
         "samples used", "uses of a sample, least–most", "forget / kept at the end")
    for name in names:
        mine = [r for (sampler, _), r in results.items() if sampler == name]
        mean = lambda key: statistics.mean(r[key] for r in mine)
        least = "" if all(r["done"] for r in mine) else "≥ "
        row(name, len(mine), sum(r["done"] for r in mine), f"{least}{mean('updates'):.1f}", f"{least}{mean('tokens'):.0f}",
            f"{mean('kept'):.3f}", f"{mean('covered'):.1f}", f"{mean('least'):.1f}–{mean('most'):.1f}",
            f"{mean('mean_end'):.3f} / {mean('kept_end'):.3f}")
    print()
    head("paired with uniform", "pairs that both reached it", "updates", "real tokens", "kept probability there")
    for name in names:
        pairs = [(r, results["uniform", seed]) for (sampler, seed), r in results.items()
                 if sampler == name and name != "uniform" and ("uniform", seed) in results]
        both = [pair for pair in pairs if all(r["done"] for r in pair)]
        if pairs:
            row(name, f"{len(both)} of {len(pairs)}", *(interval([a[key] - b[key] for a, b in both]) for key in ("updates", "tokens", "kept")))
    print()


def needed(cells, start, target):
    """Of each sample: mean over the uniform runs of the updates until it is forgotten; one evaluation beyond the last
    where it is not."""
    totals = []
    for cell in cells:
        end = cell["evaluated"][-1]["step"] + cell["evaluated"][0]["step"]
        found = [crossing(curve, target, rising=False) for curve in curves(cell, start, target)["sample"]]
        totals.append([end if f is None else f for f in found])
    return [statistics.mean(values) for values in zip(*totals)]


def relation_table(cells, samples, start, target):
    columns = {"MRD": [s["mrd"] for s in samples], "MRD per token": [s["mrd"] / s["tokens"] for s in samples],
               "loss": [s["loss"] for s in samples], "length": [s["tokens"] for s in samples]}
    for key, title in (("gradient_norm", "gradient norm"), ("norms_only", "MRD of the norms")):
        if all(key in s for s in samples):
            columns[title] = [s[key] for s in samples]
    head("with updates until forgotten", *(f"{o}, {kind}" for o in cells for kind in ("Pearson", "Spearman")))
    for title, values in columns.items():
        found = [correlation(values, needed(cells[o], start, target), rank) for o in cells for rank in (False, True)]
        row(title, *found)
    print()


def table(out, target, share):
    cells, samples = records(f"{out}/cells.jsonl"), records(f"{out}/samples.jsonl")
    scoring, start, samples = samples[0]["scoring"], samples[0]["before"], samples[1:]
    print(f"Forgotten: answer probability below {target}; done: {share:.0%} of {len(samples)} samples. Before: forget "
          f"{statistics.mean(start['forget']):.3f}, kept {statistics.mean(start['kept']):.3f}.\n")
    by_objective = {}
    for c in cells:
        by_objective.setdefault(c["objective"], []).append(c)
    for objective, mine in by_objective.items():
        print(f"### {objective}\n")
        sampler_table(mine, start, target, share)
    uniform = {o: [c for c in mine if c["sampler"] == "uniform"] for o, mine in by_objective.items()}
    relation_table({o: u for o, u in uniform.items() if u}, samples, start, target)
    print(f"Scoring, once: {scoring['estimator']}, {scoring['draws']} draws, {scoring['passes']} passes over the forget "
          f"set and {scoring['calibration_passes']} over at most {CALIBRATION_SAMPLES} of its samples for the step, {scoring['seconds']:.0f} s; weights off by {100 * scoring['tv_hat']:.1f} %; effective samples of MRD "
          f"weights {scoring['effective_samples']:.1f} of {len(samples)}.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["collect", "table"])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--target", type=float, default=0.2)
    parser.add_argument("--share", type=float, default=0.9)
    options = parser.parse_args()
    if options.command == "collect":
        collect(options.folders[:-1], options.folders[-1])
    else:
        table(options.folders[0], options.target, options.share)


if __name__ == "__main__":
    sys.exit(main())
