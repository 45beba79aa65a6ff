"""Makes what transformers says of a Llama: logits and gradients of a tiny random one, logits of SmolLM2-135M.

    python tests/golden/models/llama_oracle.py tiny  FOLDER           tests/golden/models/tiny_llama
    python tests/golden/models/llama_oracle.py logits MODEL_DIR FILE  tests/golden/models/smollm2_logits.txt

With --check instead of writing: exit code 1, saying where, when the answers differ by more than 1e-6 (relative).
"""
import json
import os
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

SEED = 20250406
# Two documents, each with a prompt: what is scored follows it.
DOCUMENTS = [[5, 17, 3, 60, 22, 9, 41, 8, 8, 30, 1], [90, 2, 77, 13, 54, 31, 1]]
PROMPT_TOKENS = [4, 2]
TEXT_IDS = [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712, 8182, 2,
            198, 1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198]
EVERY = 997  # every 997th entry of the vocabulary is kept


def tiny_model():
    torch.manual_seed(SEED)
    config = LlamaConfig(vocab_size=97, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=6,
                         num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, rope_theta=10000.0,
                         tie_word_embeddings=True, attn_implementation="eager")
    model = LlamaForCausalLM(config).float()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (1.0 if "norm" in name else 0.0))
    return model


def mean_loss(model):
    """Mean over all scored tokens of the negative log-likelihood, documents apart from each other."""
    total, count = 0.0, 0
    for ids, prompt in zip(DOCUMENTS, PROMPT_TOKENS):
        logits = model(torch.tensor([ids])).logits[0, prompt - 1:-1]
        target = torch.tensor(ids[prompt:])
        total = total + torch.nn.functional.cross_entropy(logits, target, reduction="sum")
        count += len(target)
    return total / count


def make_tiny(folder):
    model = tiny_model()
    loss = mean_loss(model)
    loss.backward()
    weights = {n: p.detach().clone() for n, p in model.named_parameters()}
    gradients = {n: p.grad.clone() for n, p in model.named_parameters()}
    with torch.no_grad():
        logits = model(torch.tensor([DOCUMENTS[0]])).logits[0]
    answer = {"made_by": f"transformers {transformers.__version__}, seed {SEED}, llama_oracle.py tiny",
              "documents": DOCUMENTS, "prompt_tokens": PROMPT_TOKENS, "loss": loss.item(),
              "logits": [[round(x, 8) for x in row] for row in logits.tolist()]}
    return model, weights, gradients, answer


def write_tiny(folder):
    model, weights, gradients, answer = make_tiny(folder)
    for name, tensors in (("model", weights), ("gradient", gradients)):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        save_file(tensors, os.path.join(folder, name, "model.safetensors"))
    config = {k: v for k, v in model.config.to_dict().items()
              if k in ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                       "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "hidden_act")}
    config |= {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "rope_theta": 10000.0, "torch_dtype": "float32"}
    with open(os.path.join(folder, "model", "config.json"), "w") as f:
        json.dump(config, f, indent=1, sort_keys=True)
    with open(os.path.join(folder, "expected.json"), "w") as f:
        json.dump(answer, f)


def check_tiny(folder):
    _, weights, gradients, answer = make_tiny(folder)
    for name, tensors in (("model", weights), ("gradient", gradients)):
        kept = load_file(os.path.join(folder, name, "model.safetensors"))
        for n, t in tensors.items():  # float32 kernels of AVX2 and AVX-512 are 2e-6 apart
            if (t - kept[n]).norm() > 1e-5 * max(t.norm().item(), 1e-12):
                sys.exit(f"{name} {n} differs")
    with open(os.path.join(folder, "expected.json")) as f:
        if abs(json.load(f)["loss"] - answer["loss"]) > 1e-6:
            sys.exit("loss differs")


def smollm2_lines(directory):
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        logits = model(torch.tensor([TEXT_IDS])).logits[0]
    yield f"# transformers {transformers.__version__}; python tests/golden/models/llama_oracle.py logits MODEL_DIR FILE"
    yield "# first the ids; then one row a token: every 997th logit"
    yield " ".join(map(str, TEXT_IDS))
    for row in logits[:, ::EVERY].tolist():
        yield " ".join(f"{x:.6f}" for x in row)


def numbers(lines):
    return [float(x) for line in lines if not line.startswith("#") for x in line.split()]


def main(arguments):
    check = "--check" in arguments
    kind, *rest = [a for a in arguments if a != "--check"]
    if kind == "tiny":
        return check_tiny(rest[0]) if check else write_tiny(rest[0])
    lines = list(smollm2_lines(rest[0]))
    if not check:
        with open(rest[1], "w") as f:
            f.write("\n".join(lines) + "\n")
        return
    with open(rest[1]) as f:
        worst = max(abs(a - b) for a, b in zip(numbers(f.read().splitlines()), numbers(lines), strict=True))
    if worst > 1e-4:
        sys.exit(f"logits differ by {worst}")


main(sys.argv[1:])
