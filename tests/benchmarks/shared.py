"""What the benchmarks of this folder share: rows of questions and answers, their text and tokens, runs of lethe."""
import json, os, subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
TEXT = "<|im_start|>system\n<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"  # SmolLM2's, empty system prompt


def first_rows(path, count):
    with open(path) as f:
        return [json.loads(line) for line, _ in zip(f, range(count))]


def write_rows(path, rows):
    with open(path, "w") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def records(path, kind):
    with open(path) as f:
        return [r for r in map(json.loads, f) if r["kind"] == kind]


# ---- lethe ----

def write_config(folder, name, model, forget, retain, rest, compute="float32"):
    """A run on the texts of `encoded`; `rest`: the other sections. -> its path."""
    path = f"{folder}/{name}.yaml"
    with open(path, "w") as f:
        f.write(f"""
model: {{path: {model}, compute: {compute}}}
data:
  forget: {{path: {forget}}}
  retain: {{path: {retain}}}
  text: {{system_prompt: ""}}
{rest}""")
    return path


def start_line(lethe, command, config, out, ranks, pinned=False):
    """The words that start it; `pinned`: rank r on core r."""
    pin = ["bash", "-c", 'exec taskset -c "$OMPI_COMM_WORLD_LOCAL_RANK" "$0" "$@"'] if pinned else []
    return [f"{ROOT}/launchers/mpi", "-n", str(ranks), *pin, lethe, command, config, "--out", out]


def run_lethe(lethe, command, config, out, ranks, pinned=False):
    """-> OUT. Ranks of one thread each."""
    subprocess.run(start_line(lethe, command, config, out, ranks, pinned), check=True, cwd=ROOT, stdout=subprocess.DEVNULL,
                   env={**os.environ, "OMP_NUM_THREADS": "1"})
    return out


# ---- transformers; torch only where it is used, so that benchmarks of lethe alone need the standard library ----

class Encoded:
    """Token ids of prompts and of whole texts, as lethe makes them from the same rows."""

    def __init__(self, model, rows, stop):
        import tokenizers
        self.tokenizer = tokenizers.Tokenizer.from_file(model + "/tokenizer.json")
        encode = lambda text: self.tokenizer.encode(text, add_special_tokens=False).ids
        self.stop = stop
        self.prompts = [encode(TEXT.format(r["question"])) for r in rows]
        self.full = [encode(TEXT.format(r["question"]) + r["answer"] + "<|im_end|>\n") + [stop] for r in rows]
        self.tokens = sum(map(len, self.full))


def padded(parts, filler, left=False):
    """[rows, widest] of ids and of the attention mask."""
    import torch
    width = max(map(len, parts))
    def row(part, value):
        pad = [value] * (width - len(part))
        return pad + part if left else part + pad
    return torch.tensor([row(p, filler) for p in parts]), torch.tensor([row([1] * len(p), 0) for p in parts])


def load_float32(model):
    import torch, transformers
    return transformers.AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
