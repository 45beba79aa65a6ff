"""What a refresh of the scores by jets costs: one group of directions, in plain forwards of the same samples and dtype.

Run: python jet_in_forwards.py LETHE MODEL_DIR DATA [--samples 32] [--group 4] [--compute bfloat16] [--ranks 2] [--rounds 2]
Scores the first rows of DATA with two groups and with three: the difference is a group, what is left of the first the base
pass; a refresh is the two together. Of several rounds, one after the other, the best of each counts: a host that other work
slows for a minute would move a difference of two long runs by more than a base pass. A plain forward is an evaluation of the
answers' probabilities. Needs Python's standard library only.
"""
import argparse, os, tempfile

import shared


def run(options, folder, name, command, draws):
    forget = shared.write_rows(f"{folder}/forget.jsonl", shared.first_rows(options.data, options.samples))
    config = shared.write_config(folder, name, options.model, forget, shared.ROOT + "/configs/quickstart/data/retain.jsonl", f"""
cache: {folder}/cache
parallel: {{zero: 0, threads: 1}}
score: {{estimator: {{name: jet, group: {options.group}}}, stop: {{min_draws: {draws}, max_draws: {draws}}}}}
eval: {{generate: false, metrics: [{{name: probability, set: forget}}]}}
""", options.compute)
    out = shared.run_lethe(options.lethe, command, config, f"{folder}/{name}", options.ranks)
    if command == "eval":
        return shared.records(out + "/records.jsonl", "evaluation")[0]["seconds"]
    return shared.records(out + "/scores.jsonl", "scoring")[0]["seconds"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model", "data"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--group", type=int, default=4)
    parser.add_argument("--compute", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(options, folder, "warm", "eval", 2)  # token store and page cache
        best = {}
        for number in range(options.rounds):
            for command, draws in (("eval", 0), ("score", 2), ("score", 3)):
                seconds = run(options, folder, f"{command}{draws}-{number}", command, draws or 2)
                print(f"round {number + 1}, {f'{draws} groups' if draws else 'a forward'}: {seconds:.2f} s")
                best[draws] = min(best.get(draws, seconds), seconds)
        forward, two, three = best[0], best[2], best[3]
    group = three - two
    refresh = two - group
    print(f"{options.compute}, {options.samples} samples: a forward {forward:.2f} s; two groups of {options.group} directions {two:.2f} s, three {three:.2f} s")
    print(f"a group {group / forward:.1f} forwards, a refresh with its base pass {refresh / forward:.1f}")


if __name__ == "__main__":
    main()
