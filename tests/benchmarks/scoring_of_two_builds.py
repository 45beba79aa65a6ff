"""Two builds of lethe score the same samples on two pinned one-thread ranks, interleaved.

Run: python scoring_of_two_builds.py BEFORE AFTER MODEL_DIR DATA [--zero 0,3] [--samples 32] [--pairs 4] [--rounds 2]
Base pass and antithetic pairs, at a fixed step. DATA: rows of question and answer, JSON Lines. Prints the seconds of
every scoring, the best of each build, and their ratio. Exits with 1 where scores are not the same bits.
"""
import argparse, os, sys, tempfile

import shared


def scored(lethe, config, out):
    """Seconds, and the scores."""
    shared.run_lethe(lethe, "score", config, out, 2, pinned=True)
    path = out + "/scores.jsonl"
    return shared.records(path, "scoring")[0]["seconds"], [r["mrd"] for r in shared.records(path, "score")]


def main():
    parser = argparse.ArgumentParser()
    for name in ("before", "after", "model", "data"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--zero", default="0,3")
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    zeros, seconds, scores = options.zero.split(","), {}, []
    with tempfile.TemporaryDirectory() as folder:
        forget = shared.write_rows(f"{folder}/forget.jsonl", shared.first_rows(options.data, options.samples))
        retain = shared.ROOT + "/configs/quickstart/data/retain.jsonl"
        for k in range(options.rounds):
            for zero in zeros:
                config = shared.write_config(folder, f"zero{zero}", options.model, forget, retain, f"""
parallel: {{zero: {zero}, threads: 1}}
score: {{estimator: antithetic, sigma_eff: 7.4e-4, stop: {{min_draws: {options.pairs}, max_draws: {options.pairs}}}}}
""")
                for build in ("before", "after"):
                    took, values = scored(getattr(options, build), config, f"{folder}/{k}-{zero}-{build}")
                    seconds.setdefault((zero, build), []).append(took)
                    scores.append(values)
    for zero in zeros:
        before, after = seconds[zero, "before"], seconds[zero, "after"]
        print(f"ZeRO {zero}: before " + ", ".join(f"{s:.1f}" for s in before) + " s; after " + ", ".join(f"{s:.1f}" for s in after) +
              f" s; best of each {min(before) / min(after):.2f}x")
    same = all(values == scores[0] for values in scores)
    print("same bits" if same else "other scores")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
