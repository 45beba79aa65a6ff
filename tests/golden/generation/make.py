"""Greedy generations of SmolLM2-135M-Instruct by transformers: 50 prompts, 64 new tokens, float32, KV cache.

Run: python make.py MODEL_DIR > golden.jsonl  (torch, transformers, tokenizers).  One line a prompt: its ids, the new
tokens (the stop left out), and how much likelier each choice was than the next best (logits; the stop included).
"""
import json, os, sys

import tokenizers
import torch
import transformers

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
BATCH, NEW = 10, 64
torch.manual_seed(0)
questions = []
for name, count in [("forget", 20), ("retain", 20), ("general", 10)]:
    with open(f"{ROOT}/configs/quickstart/data/{name}.jsonl") as f:
        questions += [json.loads(line)["question"] for line in f][:count]
# The file itself: transformers replaces SmolLM2's pre-tokenizer by one that splits digits differently.
tok = tokenizers.Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
text = "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
prompts = [tok.encode(text.format(q), add_special_tokens=False).ids for q in questions]
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
model.eval()
stops = model.generation_config.eos_token_id
stops = set(stops if isinstance(stops, list) else [stops])
lines = []
for first in range(0, len(prompts), BATCH):
    batch = prompts[first:first + BATCH]
    longest = max(map(len, batch))
    pad = next(iter(stops))
    ids = torch.tensor([[pad] * (longest - len(p)) + p for p in batch])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in batch])
    with torch.no_grad():
        out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=NEW, use_cache=True,
                             pad_token_id=pad, output_scores=True, return_dict_in_generate=True)
    for row, prompt in enumerate(batch):
        tokens, margins = [], []
        for step, scores in enumerate(out.scores):
            best = scores[row].topk(2).values
            margins.append(round(float(best[0] - best[1]), 6))
            token = int(out.sequences[row, longest + step])
            if token in stops:
                break
            tokens.append(token)
        lines.append(dict(prompt=prompt, tokens=tokens, margins=margins))
    print(first, file=sys.stderr, flush=True)
print(json.dumps(dict(made_by=f"tests/golden/generation/make.py; torch {torch.__version__}, transformers {transformers.__version__}, "
                              f"tokenizers {tokenizers.__version__}; greedy, float32, seed 0; remake: python make.py MODEL_DIR > golden.jsonl")))
for line in lines:
    print(json.dumps(line))
