"""`lethe score` against the same passes in transformers: same scores, wall time of both, cost of a refresh.

Run: OMP_NUM_THREADS=1 python score_against_transformers.py LETHE MODEL_DIR TOFU_DIR [--samples 32] [--pairs 4] [--ranks 2]
Needs torch, transformers, tokenizers, numpy. MODEL_DIR: planted, best. Both sides: a base pass and PAIRS antithetic pairs
(1 + 2 PAIRS passes) over the first samples of forget01, float32, at the same step, along the same directions: lethe on
RANKS ranks of one thread each, transformers on as many threads, batches of 8 padded on the right, each pass over a
scratch copy of the weights that is written in place. Signs are made here outside the timed part, so the noise costs
transformers only its addition; lethe's own time holds the noise. Each side also times plain forwards of all samples: a
refresh is 1 + 2 PAIRS of them at least. Exits with 1 where the scores' relative differences exceed 2 % in the median or
their rank correlation is below 0.99.
"""
import argparse, os, statistics, sys, tempfile, time

import numpy as np
import torch
import transformers

import shared

ORDER = ["input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
         "post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]


# ---- lethe ----

def run_lethe(options, data, folder, name, max_draws, command="score"):
    retain = shared.ROOT + "/configs/quickstart/data/retain.jsonl"
    config = shared.write_config(folder, name, options.model, data, retain, f"""
cache: {folder}/cache
parallel: {{zero: 0, threads: 1}}
score: {{estimator: antithetic, sigma_eff: {options.step}, seed: {options.seed}, stop: {{min_draws: {max_draws}, max_draws: {max_draws}}}}}
eval: {{generate: false, metrics: [{{name: probability, set: forget}}]}}
""")
    return shared.run_lethe(options.lethe, command, config, f"{folder}/{name}", options.ranks)


def lethe_scores(options, data, folder):
    scores = run_lethe(options, data, folder, "score", options.pairs) + "/scores.jsonl"
    scoring = shared.records(scores, "scoring")[0]
    assert scoring["passes"] == 1 + 2 * options.pairs, scoring
    return [r["mrd"] for r in shared.records(scores, "score")], scoring["seconds"]


def lethe_forward(options, data, folder):
    run = run_lethe(options, data, folder, "forward", 2, "eval")
    return shared.records(run + "/records.jsonl", "evaluation")[0]["seconds"]


# ---- signs: framework/base/random.h, stream 1 ----

def philox(block, draw, seed):
    c = [block & 0xffffffff, block >> 32, np.full_like(block, draw), np.full_like(block, 1)]
    key = [seed & 0xffffffff, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(key[0]), b & np.uint64(0xffffffff),
             (a >> np.uint64(32)) ^ c[3] ^ np.uint64(key[1]), a & np.uint64(0xffffffff)]
        key = [(key[0] + 0x9E3779B9) & 0xffffffff, (key[1] + 0xBB67AE85) & 0xffffffff]
    return np.stack(c, 1).astype("<u4")


def signs(count, draw, seed):
    words = philox(np.arange((count + 127) // 128, dtype=np.uint64), draw, seed)
    bits = np.unpackbits(words.view(np.uint8).reshape(-1), bitorder="little")[:count]
    return torch.from_numpy(1 - 2 * bits.astype(np.int8))


# ---- transformers ----

def in_canonical_order(model):
    named = dict(model.named_parameters())
    names = ["model.embed_tokens.weight"]
    for layer in range(model.config.num_hidden_layers):
        names += [f"model.layers.{layer}.{part}.weight" for part in ORDER]
    names.append("model.norm.weight")
    assert sorted(names) == sorted(named), "a model of another family, or with an untied head"
    return [named[n] for n in names]


class Transformers:
    def __init__(self, options, rows):
        self.model = shared.load_float32(options.model).eval()
        texts = shared.Encoded(options.model, rows, self.model.generation_config.eos_token_id)
        self.full, self.stop = texts.full, texts.stop
        self.begin = [len(p) for p in texts.prompts]
        self.parameters = in_canonical_order(self.model)
        self.weights = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def forward(self):
        """log p of every answer token, in margin form, float64."""
        out = []
        for first in range(0, len(self.full), 8):
            part = self.full[first:first + 8]
            ids, mask = shared.padded(part, self.stop)
            logits = self.model(ids, attention_mask=mask).logits
            for r, p in enumerate(part):
                rows = logits[r, self.begin[first + r] - 1:len(p) - 1]
                target = torch.tensor(p[self.begin[first + r]:])[:, None]
                margin = torch.logsumexp(rows.scatter(1, target, -torch.inf), 1) - rows.gather(1, target)[:, 0]
                out.append(-torch.nn.functional.softplus(margin).double())
        return out

    @torch.no_grad()
    def perturb(self, direction, step):
        at = 0
        for p, w in zip(self.parameters, self.weights):
            z = direction[at:at + w.numel()].view_as(w)
            torch.add(w, z, alpha=step, out=p)
            at += w.numel()

    def score(self, options):
        start = time.perf_counter()
        base, seconds = self.forward(), 0.0
        seconds += time.perf_counter() - start
        sums = [0.0] * len(self.full)
        count = sum(w.numel() for w in self.weights)
        for k in range(options.pairs):
            direction = signs(count, k, options.seed).float()  # not timed
            start = time.perf_counter()
            for sign in (1, -1):
                self.perturb(direction, sign * options.step)
                for i, (before, after) in enumerate(zip(base, self.forward())):
                    sums[i] += ((before - after) / before).sum().item() / 2
            seconds += time.perf_counter() - start
        with torch.no_grad():
            for p, w in zip(self.parameters, self.weights):
                p.copy_(w)
        return [(1e-5 / options.step) ** 2 * abs(s / options.pairs) for s in sums], seconds


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    return [order.index(i) for i in range(len(values))]


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model", "tofu"):
        parser.add_argument(name)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--step", type=float, default=9e-4)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in ("lethe", "model", "tofu"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    torch.set_num_threads(options.ranks)
    rows = shared.first_rows(options.tofu + "/forget01.json", options.samples)
    with tempfile.TemporaryDirectory() as folder:
        data = shared.write_rows(f"{folder}/forget.jsonl", rows)
        ours, our_seconds = lethe_scores(options, data, folder)
        our_forward = lethe_forward(options, data, folder)
    them = Transformers(options, rows)
    them.forward()  # warm-up
    start = time.perf_counter()
    them.forward()
    their_forward = time.perf_counter() - start
    theirs, their_seconds = them.score(options)
    apart = [abs(a - b) / b for a, b in zip(ours, theirs)]
    rho = statistics.correlation(ranks(ours), ranks(theirs)) if len(rows) > 2 else 1.0
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {len(rows)} samples, "
          f"{sum(map(len, them.full))} tokens, {1 + 2 * options.pairs} passes, {options.ranks} ranks against threads")
    print(f"scores: relative difference median {statistics.median(apart):.2e}, largest {max(apart):.2e}; Spearman {rho:.4f}")
    print(f"lethe {our_seconds:.2f} s, transformers {their_seconds:.2f} s, ratio {their_seconds / our_seconds:.2f}")
    print(f"plain forward: lethe {our_forward:.2f} s (an evaluation), transformers {their_forward:.2f} s; a refresh is "
          f"{our_seconds / our_forward:.2f} and {their_seconds / their_forward:.2f} plain forwards")
    sys.exit(statistics.median(apart) > 0.02 or rho < 0.99)


if __name__ == "__main__":
    main()
