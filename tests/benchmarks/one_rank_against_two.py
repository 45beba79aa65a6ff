"""One pinned one-thread rank against two: score, train or eval, interleaved.

Run: python one_rank_against_two.py {score,train,eval} LETHE MODEL_DIR TOFU_DIR [--samples 32] [--rounds 3] [--updates 4]
score: base pass and four antithetic pairs; train: NPO with retain NLL, batches of 8 + 8 (--batch), real tokens/s without the first
update; eval: answer probabilities of forget and retain rows. Rank r runs on core r. Prints the seconds of every run, best of each
world, and their ratio. Exits with 1 where the two worlds disagree: scores must be the same bits, losses and probabilities
within 1e-5 (sums of two ranks are in another order).
"""
import argparse, os, sys, tempfile

import shared


def config(options, folder):
    forget, retain = (shared.write_rows(f"{folder}/{name}.jsonl", shared.first_rows(f"{options.tofu}/{file}.json", options.samples))
                      for name, file in (("forget", "forget01"), ("retain", "retain99")))
    return shared.write_config(folder, "run", options.model, forget, retain, f"""
seed: 1
cache: {folder}/cache
parallel: {{zero: {0 if options.mode != "train" else 2}, threads: 1}}
score: {{estimator: antithetic, sigma_eff: 9.0e-4, stop: {{min_draws: 4, max_draws: 4}}}}
objective: {{name: npo, beta: 0.1, retain_weight: 1}}
train: {{max_steps: {options.updates}, forget_batch: {options.batch}, retain_batch: {options.batch}, micro_batch: {options.batch}, learning_rate: 1.0e-5}}
eval: {{before: false, after: false, generate: false, metrics: [{{name: probability, set: forget}}, {{name: probability, set: retain}}]}}
export: false
""")


def run(options, path, ranks, out):
    """Seconds, and what must agree."""
    shared.run_lethe(options.lethe, options.mode, path, out, ranks, pinned=True)
    if options.mode == "score":
        return shared.records(out + "/scores.jsonl", "scoring")[0]["seconds"], [r["mrd"] for r in shared.records(out + "/scores.jsonl", "score")]
    if options.mode == "eval":
        evaluations = shared.records(out + "/records.jsonl", "evaluation")
        return evaluations[0]["seconds"], [s["probability"] for e in evaluations for s in e["samples"]]
    steps = shared.records(out + "/records.jsonl", "step")
    return sum(s["seconds"] for s in steps[1:]), [s["loss"] for s in steps]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["score", "train", "eval"])
    for name in ("lethe", "model", "tofu"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--batch", type=int, default=8)
    options = parser.parse_args()
    seconds, values = {1: [], 2: []}, {}
    with tempfile.TemporaryDirectory() as folder:
        path = config(options, folder)
        for k in range(options.rounds):
            for ranks in (1, 2):
                took, values[ranks] = run(options, path, ranks, f"{folder}/{k}-{ranks}")
                seconds[ranks].append(took)
    apart = max(abs(a - b) / abs(a) for a, b in zip(values[1], values[2]))
    for ranks in (1, 2):
        print(f"{options.mode}, {ranks} rank{'s' * (ranks - 1)}: " + ", ".join(f"{s:.2f}" for s in seconds[ranks]) + " s")
    print(f"largest relative difference {apart:.1e}; ratio of the best {min(seconds[1]) / min(seconds[2]):.2f}")
    sys.exit(apart > (0 if options.mode == "score" else 1e-5))


if __name__ == "__main__":
    main()
