"""`lethe eval` against a plain transformers evaluation of the same model directory: same values, wall time of both.

Run: OMP_NUM_THREADS=2 python evaluate_against_transformers.py LETHE MODEL_DIR [--samples 50] [--new-tokens 64] [--batch 25]
Needs torch, transformers, tokenizers, rouge-score. Both sides: answer probabilities and greedy generations (float32,
batched, KV cache) of the first questions of the quickstart's forget set, with ROUGE-L recall. Exits with 1 where
probabilities differ by more than 1e-4 or mean ROUGE by more than 0.002.
"""
import argparse, json, math, os, subprocess, sys, tempfile, time

import tokenizers
import torch
import transformers
from rouge_score import rouge_scorer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
TEXT = "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


def lethe(options, rows, folder):
    data = f"{folder}/forget.jsonl"
    with open(data, "w") as f:
        f.writelines(json.dumps(r) + "\n" for r in rows)
    with open(f"{folder}/eval.yaml", "w") as f:
        f.write(f"""
model: {{path: {options.model}}}
data:
  forget: {{path: {data}}}
  retain: {{path: {ROOT}/configs/quickstart/data/retain.jsonl}}
  text: {{system_prompt: ""}}
eval:
  max_new_tokens: {options.new_tokens}
  batch: {options.batch}
  metrics: [{{name: probability, as: prob}}, {{name: rouge, as: rouge}}]
""")
    subprocess.run([options.lethe, "eval", f"{folder}/eval.yaml", "--out", f"{folder}/run"], check=True, cwd=ROOT,
                   stdout=subprocess.DEVNULL)
    seconds = [json.loads(line)["seconds"] for line in open(f"{folder}/run/records.jsonl")
               if json.loads(line)["kind"] == "evaluation"]
    return json.load(open(f"{folder}/run/TOFU_EVAL.json")), seconds[0]


def reference(options, rows):
    tok = tokenizers.Tokenizer.from_file(options.model + "/tokenizer.json")
    encode = lambda text: tok.encode(text, add_special_tokens=False).ids
    model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    stop = model.generation_config.eos_token_id
    prompts = [encode(TEXT.format(r["question"])) for r in rows]
    full = [encode(TEXT.format(r["question"]) + r["answer"] + "<|im_end|>\n") + [stop] for r in rows]
    start = time.perf_counter()
    probabilities, texts = [], []
    with torch.no_grad():
        for first in range(0, len(rows), options.batch):
            part = full[first:first + options.batch]
            width = max(map(len, part))
            ids = torch.tensor([p + [stop] * (width - len(p)) for p in part])
            mask = torch.tensor([[1] * len(p) + [0] * (width - len(p)) for p in part])
            log_p = model(ids, attention_mask=mask).logits[:, :-1].log_softmax(-1)
            log_p = log_p.gather(2, ids[:, 1:, None])[..., 0]
            for row, p in enumerate(part):
                begin = len(prompts[first + row])
                probabilities.append(math.exp(log_p[row, begin - 1:len(p) - 1].mean()))
        for first in range(0, len(rows), options.batch):
            part = prompts[first:first + options.batch]
            width = max(map(len, part))
            ids = torch.tensor([[stop] * (width - len(p)) + p for p in part])
            mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in part])
            out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=options.new_tokens,
                                 use_cache=True, pad_token_id=stop)
            texts += [tok.decode(o.tolist(), skip_special_tokens=True).strip() for o in out[:, width:]]
    return probabilities, texts, time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("lethe")
    parser.add_argument("model")
    parser.add_argument("--samples", type=int, default=50)
    parser.add_argument("--new-tokens", type=int, default=64)
    parser.add_argument("--batch", type=int, default=25)
    options = parser.parse_args()
    rows = [json.loads(line) for line in open(f"{ROOT}/configs/quickstart/data/forget.jsonl")][:options.samples]
    with tempfile.TemporaryDirectory() as folder:
        ours, our_seconds = lethe(options, rows, folder)
    probabilities, texts, their_seconds = reference(options, rows)
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    recalls = [scorer.score(r["answer"], t)["rougeL"].recall for r, t in zip(rows, texts)]
    mine = [ours["prob"]["value_by_index"][str(i)]["prob"] for i in range(len(rows))]
    worst = max(abs(a - b) for a, b in zip(mine, probabilities))
    apart = abs(ours["rouge"]["agg_value"] - sum(recalls) / len(recalls))
    same = sum(ours["rouge"]["value_by_index"][str(i)]["generation"] == t for i, t in enumerate(texts))
    print(f"threads {torch.get_num_threads()}, torch {torch.__version__}, transformers {transformers.__version__}, "
          f"{len(rows)} samples, {options.new_tokens} new tokens, batch {options.batch}")
    print(f"probability: largest difference {worst:.2e}; ROUGE-L recall: difference {apart:.5f}; "
          f"same generation: {same} of {len(rows)}")
    print(f"lethe {our_seconds:.1f} s, transformers {their_seconds:.1f} s, ratio {their_seconds / our_seconds:.2f}")
    sys.exit(worst > 1e-4 or apart > 0.002)


if __name__ == "__main__":
    main()
