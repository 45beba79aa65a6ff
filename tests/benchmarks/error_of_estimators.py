"""How wrong is a score after as many passes over the samples? Four antithetic pairs, and two plain procedures at sigma = 1e-5.

Run: python error_of_estimators.py LETHE MODEL_DIR DATA [--samples 8] [--reference 64] [--paper 200] [--ranks 2]
Scores the first rows of DATA (question and answer, JSON Lines; what the model was planted with) by
  reference:  --reference antithetic pairs along other directions, at the step that calibration finds
  pairs:      4 antithetic pairs, nine passes
  public:     8 plain draws, nine passes (the noise of a draw is the same for all samples)
  paper:      --paper plain draws
and prints each one's relative error of a score against the reference: median and largest over the samples.
Needs Python's standard library only.
"""
import argparse, os, statistics, tempfile

import shared


def scores(options, folder, name, score, draws):
    forget = shared.write_rows(f"{folder}/forget.jsonl", shared.first_rows(options.data, options.samples))
    config = shared.write_config(folder, name, options.model, forget, shared.ROOT + "/configs/quickstart/data/retain.jsonl", f"""
parallel: {{zero: 0, threads: 1}}
score: {{{score}, stop: {{min_draws: {draws}, max_draws: {draws}}}}}
""")
    out = shared.run_lethe(options.lethe, "score", config, f"{folder}/{name}", options.ranks)
    scoring = shared.records(out + "/scores.jsonl", "scoring")[0]
    return {r["id"]: r["mrd"] for r in shared.records(out + "/scores.jsonl", "score")}, scoring["seconds"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model", "data"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--reference", type=int, default=64)
    parser.add_argument("--paper", type=int, default=200)
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    plain = "estimator: plain, sigma: 1.0e-5, sigma_eff: 1.0e-5, seed: 1"
    runs = [("pairs", "estimator: antithetic, seed: 1", 4), ("public", plain, 8), ("paper", plain, options.paper)]
    with tempfile.TemporaryDirectory() as folder:
        reference, seconds = scores(options, folder, "reference", "estimator: antithetic, seed: 0", options.reference)
        print(f"reference: {options.reference} pairs, {len(reference)} samples, {seconds:.0f} s", flush=True)
        for name, score, draws in runs:
            found, seconds = scores(options, folder, name, score, draws)
            errors = [abs(found[i] - value) / abs(value) for i, value in reference.items()]
            print(f"{name}: {draws} draws, relative error {100 * statistics.median(errors):.1f} % in the median, "
                  f"{100 * max(errors):.1f} % at most, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
