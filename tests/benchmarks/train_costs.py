"""What an engine's guarantees cost: NPO updates with retain NLL on pinned one-thread ranks.

Run: python train_costs.py {save,elastic,memory} LETHE MODEL_DIR TOFU_DIR [--batch 8] [--updates 12] [--rounds 2] [--shards 8]
save:    two ranks, a checkpoint every third update, written behind the updates. An update's time runs from its record to
         the next one's, so the copy that a save begins with counts. Prints the longest update that a save touched over the
         median of those that none did.
elastic: two ranks, `determinism: elastic` against `reproducible`, interleaved, without the first update. The batch is cut
         into --shards packs, whatever the number of ranks.
memory:  four ranks of ZeRO-3: bytes counted at once and resident size at most, less that of a rank of `--idle` (a config
         whose model is tiny), over what `lethe plan` says.
"""
import argparse, datetime, json, os, statistics, subprocess, sys, tempfile

import shared


def config(options, folder, name, rest, zero, shards=8):
    rows = options.batch if name == "memory" else 64  # memory: every update has the whole set, so the plan's batch
    forget, retain = (shared.write_rows(f"{folder}/{set_name}.jsonl", shared.first_rows(f"{options.tofu}/{file}.json", rows))
                      for set_name, file in (("forget", "forget01"), ("retain", "retain99")))
    return shared.write_config(folder, name, options.model, forget, retain, f"""
seed: 1
cache: {folder}/cache
parallel: {{zero: {zero}, threads: 1, logical_shards: {shards}}}
objective: {{name: npo, beta: 0.1, retain_weight: 1}}
train: {{max_steps: {options.updates}, forget_batch: {options.batch}, retain_batch: {options.batch}, micro_batch: {options.batch}, learning_rate: 1.0e-5}}
eval: {{before: false, after: false}}
export: false
{rest}""")


def moment(record):
    return datetime.datetime.fromisoformat(record["time"].replace("Z", "+00:00")).timestamp()


def save(options, folder):
    out = shared.run_lethe(options.lethe, "train", config(options, folder, "save", "checkpoint: {every: 3, keep_last: 1}", 2),
                           folder + "/save", 2, pinned=True)
    steps = shared.records(out + "/records.jsonl", "step")
    saves = shared.records(out + "/records.jsonl", "checkpoint")
    ends = [moment(s) for s in steps]
    begun = {s["step"]: s["seconds"] for s in saves}
    touched, free, left = [], [], 0.0
    for k, took in enumerate(b - a for a, b in zip(ends, ends[1:])):
        left = begun.get(k + 1, left)  # a save begins when update k + 1 has been recorded
        (touched if left > 0 else free).append(took)
        left = max(0.0, left - took)
    listed = lambda seconds: ", ".join(f"{s:.2f}" for s in seconds)
    print(f"{len(saves)} saves of {saves[0]['bytes'] / 1e9:.2f} GB, {listed(begun.values())} s each, behind the updates")
    print(f"updates that a save touched: {listed(touched)} s; others: {listed(free)} s")
    print(f"longest of the first over the median of the others {max(touched) / statistics.median(free):.2f}")


def elastic(options, folder):
    seconds, losses = {"reproducible": [], "elastic": []}, {}
    paths = {level: config(options, folder, level, f"determinism: {level}", 2, options.shards) for level in seconds}
    for k in range(options.rounds):
        for level, path in paths.items():
            steps = shared.records(shared.run_lethe(options.lethe, "train", path, f"{folder}/{level}-{k}", 2, pinned=True)
                                   + "/records.jsonl", "step")
            seconds[level].append(sum(s["seconds"] for s in steps[1:]))
            losses[level] = [s["loss"] for s in steps]
    for level, took in seconds.items():
        print(f"{level}: " + ", ".join(f"{s:.2f}" for s in took) + f" s for {options.updates - 1} updates")
    apart = max(abs(a - b) / abs(a) for a, b in zip(*losses.values()))
    print(f"losses within {apart:.1e}; elastic over reproducible, best of each {min(seconds['elastic']) / min(seconds['reproducible']):.3f}")


def memory(options, folder):
    path = config(options, folder, "memory", "", 3)
    plan = json.loads(subprocess.run([options.lethe, "plan", path, "--ranks", "4", "--json"], check=True, capture_output=True,
                                     cwd=shared.ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout)
    ranks = lambda out: shared.records(out + "/records.jsonl", "memory")
    idle = max(r["peak_resident_bytes"] for r in ranks(shared.run_lethe(options.lethe, "train", options.idle, folder + "/idle", 4)))
    seen = ranks(shared.run_lethe(options.lethe, "train", path, folder + "/memory", 4))
    fullest = lambda category: max(r["categories"].get(category, 0) for r in seen)
    for category, planned in plan["bytes"].items():
        print(f"{category}: planned {planned:,}, counted {fullest(category):,}")
    resident = max(r["peak_resident_bytes"] for r in seen) - idle
    for what, bytes in (("counted at once", fullest("at once")), (f"resident, less an idle rank's {idle:,}", resident)):
        print(f"{what}: {bytes:,} against {plan['total']:,}, {bytes / plan['total']:.3f}")


def main():
    parser = argparse.ArgumentParser()
    modes = {"save": save, "elastic": elastic, "memory": memory}
    parser.add_argument("mode", choices=modes)
    for name in ("lethe", "model", "tofu"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--updates", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shards", type=int, default=8, help="parallel.logical_shards of the elastic run")
    parser.add_argument("--idle", default=shared.ROOT + "/configs/smoke/zero3.yaml")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        modes[options.mode](options, folder)


if __name__ == "__main__":
    main()
