"""`lethe eval` against a plain transformers evaluation of the same model directory: same values, wall time of both.

Run: python evaluate_against_transformers.py LETHE MODEL_DIR [--samples 50] [--new-tokens 64] [--batch 25] [--ranks 2]
Needs torch, transformers, tokenizers, rouge-score. Both sides: answer probabilities and greedy generations (float32,
batched, KV cache; RANKS ranks of one thread each against as many threads) of the first questions of the quickstart's forget set, with ROUGE-L recall. Exits with 1 where
probabilities differ by more than 1e-4 or mean ROUGE by more than 0.002.
"""
import argparse, json, math, os, sys, tempfile, time

import torch
import transformers
from rouge_score import rouge_scorer

import shared


def lethe(options, rows, folder):
    data = shared.write_rows(f"{folder}/forget.jsonl", rows)
    config = shared.write_config(folder, "eval", options.model, data, shared.ROOT + "/configs/quickstart/data/retain.jsonl", f"""
parallel: {{threads: 1}}
eval:
  max_new_tokens: {options.new_tokens}
  batch: {options.batch}
  metrics: [{{name: probability, as: prob}}, {{name: rouge, as: rouge}}]
""")
    run = shared.run_lethe(options.lethe, "eval", config, f"{folder}/run", options.ranks)
    with open(f"{run}/TOFU_EVAL.json") as f:
        return json.load(f), shared.records(f"{run}/records.jsonl", "evaluation")[0]["seconds"]


def reference(options, rows):
    model = shared.load_float32(options.model).eval()
    stop = model.generation_config.eos_token_id
    text = shared.Encoded(options.model, rows, stop)
    start = time.perf_counter()
    probabilities, texts = [], []
    with torch.no_grad():
        for first in range(0, len(rows), options.batch):
            part = text.full[first:first + options.batch]
            ids, mask = shared.padded(part, stop)
            log_p = model(ids, attention_mask=mask).logits[:, :-1].log_softmax(-1)
            log_p = log_p.gather(2, ids[:, 1:, None])[..., 0]
            for row, p in enumerate(part):
                begin = len(text.prompts[first + row])
                probabilities.append(math.exp(log_p[row, begin - 1:len(p) - 1].mean()))
        for first in range(0, len(rows), options.batch):
            ids, mask = shared.padded(text.prompts[first:first + options.batch], stop, left=True)
            out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=options.new_tokens,
                                 use_cache=True, pad_token_id=stop)
            texts += [text.tokenizer.decode(o.tolist(), skip_special_tokens=True).strip() for o in out[:, ids.shape[1]:]]
    return probabilities, texts, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    for name in ("lethe", "model"):
        parser.add_argument(name, type=os.path.abspath)
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--ranks", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.ranks)
    rows = shared.first_rows(shared.ROOT + "/configs/quickstart/data/forget.jsonl", options.samples)
    with tempfile.TemporaryDirectory() as folder:
        ours, our_seconds = lethe(options, rows, folder)
    probabilities, texts, their_seconds = reference(options, rows)
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    recalls = [scorer.score(r["answer"], t)["rougeL"].recall for r, t in zip(rows, texts)]
    mine = [ours["prob"]["value_by_index"][str(i)]["prob"] for i in range(len(rows))]
    worst = max(abs(a - b) for a, b in zip(mine, probabilities))
    apart = abs(ours["rouge"]["agg_value"] - sum(recalls) / len(recalls))
    same = sum(ours["rouge"]["value_by_index"][str(i)]["generation"] == t for i, t in enumerate(texts))
    print(f"{options.ranks} ranks against threads, torch {torch.__version__}, transformers {transformers.__version__}, "
          f"{len(rows)} samples, {options.new_tokens} new tokens, batch {options.batch}")
    print(f"probability: largest difference {worst:.2e}; ROUGE-L recall: difference {apart:.5f}; "
          f"same generation: {same} of {len(rows)}")
    print(f"lethe {our_seconds:.1f} s, transformers {their_seconds:.1f} s, ratio {their_seconds / our_seconds:.2f}")
    sys.exit(worst > 1e-4 or apart > 0.002)


if __name__ == "__main__":
    main()
