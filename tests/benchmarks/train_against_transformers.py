"""One NPO update with retain NLL: two pinned one-thread ranks of lethe against today's way in transformers.

Run: python train_against_transformers.py LETHE MODEL_DIR TOFU_DIR [--batch 8] [--updates 4] [--rounds 3]
Needs torch, transformers, tokenizers. Today's way: one process of two threads, forget and retain each a batch padded on the
right, a frozen reference model's forward over the forget batch in every update, AdamW, gradients clipped to 1. Both sides
update on the same BATCH + BATCH rows of forget01 and retain99, float32, so real tokens are the same; runs are interleaved
and the first update of each is left out. lethe's reference log-probabilities are computed before the first update. Exits
with 1 where the losses of the first update differ by more than 1e-4, relative.
"""
import argparse, os, sys, tempfile, time

import torch
import torch.nn.functional as F
import transformers

import shared

BETA, RATE = 0.1, 1e-5


# ---- lethe ----

def config(options, folder, rows):
    forget, retain = (shared.write_rows(f"{folder}/{name}.jsonl", rows[name]) for name in ("forget", "retain"))
    return shared.write_config(folder, "npo", options.model, forget, retain, f"""
cache: {folder}/cache
parallel: {{zero: 2, threads: 1}}
objective: {{name: npo, beta: {BETA}, retain_weight: 1}}
train: {{max_steps: {options.updates}, forget_batch: {options.batch}, retain_batch: {options.batch}, micro_batch: {options.batch}, learning_rate: {RATE}}}
eval: {{before: false, after: false}}
export: false
""")


def run_lethe(options, path, out):
    """Seconds without the first update, real tokens of an update, losses."""
    shared.run_lethe(options.lethe, "train", path, out, ranks=2, pinned=True)
    steps = shared.records(out + "/records.jsonl", "step")
    return sum(s["seconds"] for s in steps[1:]), steps[0]["real_tokens"], [s["loss"] for s in steps]


# ---- transformers ----

def batch_of(model, rows, stop):
    """Token ids, attention mask, labels (-100: not scored), real tokens."""
    texts = shared.Encoded(model, rows, stop)
    ids, mask = shared.padded(texts.full, stop)
    labels = ids.masked_fill(mask == 0, -100)
    for row, prompt in enumerate(texts.prompts):
        labels[row, :len(prompt)] = -100
    return {"ids": ids, "mask": mask, "labels": labels, "tokens": texts.tokens}


def nll(model, batch):
    """[samples, width - 1], 0 where nothing is scored."""
    logits = model(batch["ids"], attention_mask=batch["mask"]).logits[:, :-1]
    return F.cross_entropy(logits.transpose(1, 2), batch["labels"][:, 1:], ignore_index=-100, reduction="none")


def one_update(policy, reference, optimizer, forget, retain):
    with torch.no_grad():
        frozen = nll(reference, forget).sum(1)
    ratio = frozen - nll(policy, forget).sum(1)  # log pi / pi_ref of whole answers
    kept = nll(policy, retain).sum() / (retain["labels"][:, 1:] != -100).sum()
    loss = -2 / BETA * F.logsigmoid(-BETA * ratio).mean() + kept
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
    optimizer.step()
    return loss.item()


def run_transformers(options, rows):
    policy, reference = shared.load_float32(options.model).train(), shared.load_float32(options.model).eval()
    stop = policy.generation_config.eos_token_id
    forget, retain = (batch_of(options.model, rows[name], stop) for name in ("forget", "retain"))
    optimizer = torch.optim.AdamW(policy.parameters(), lr=RATE, weight_decay=0)
    losses, seconds = [], []
    for _ in range(options.updates):
        start = time.perf_counter()
        losses.append(one_update(policy, reference, optimizer, forget, retain))
        seconds.append(time.perf_counter() - start)
    return sum(seconds[1:]), forget["tokens"] + retain["tokens"], losses


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model", "tofu"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--updates", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(2)
    rows = {"forget": shared.first_rows(options.tofu + "/forget01.json", options.batch),
            "retain": shared.first_rows(options.tofu + "/retain99.json", options.batch)}
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = config(options, folder, rows)
        for k in range(options.rounds):
            ours.append(run_lethe(options, path, f"{folder}/{k}"))
            theirs.append(run_transformers(options, rows))
    timed = options.updates - 1
    rate = lambda run: run[1] * timed / run[0]
    apart = abs(ours[0][2][0] - theirs[0][2][0]) / abs(theirs[0][2][0])
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {options.batch} + {options.batch} samples, "
          f"{ours[0][1]} and {theirs[0][1]} real tokens an update, {timed} timed updates a run")
    for name, runs in (("lethe", ours), ("transformers", theirs)):
        print(f"{name}: " + ", ".join(f"{rate(r):.1f}" for r in runs) + " real tokens/s; losses "
              + ", ".join(f"{loss:.5f}" for loss in runs[0][2]))
    print(f"first loss: relative difference {apart:.1e}; ratio of the best {max(map(rate, ours)) / max(map(rate, theirs)):.2f}")
    sys.exit(apart > 1e-4 or ours[0][1] != theirs[0][1])


if __name__ == "__main__":
    main()
