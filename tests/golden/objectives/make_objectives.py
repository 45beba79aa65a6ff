"""Writes objectives.txt: one step's loss and gradient of every unlearning objective, as OpenUnlearning computes
them (padded batches, labels of -100, attention mask from the padding token), with transformers' Llama.

    python make_objectives.py > objectives.txt

Weights and tokens are formulas that the C++ test repeats; weights are rounded to float32, arithmetic is float64.
"""
import sys

import torch
import torch.nn.functional as F
import transformers
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.models.llama import modeling_llama

VOCAB, PAD, LAYER = 131, 2, 1


def rms_norm(self, x):
    return self.weight * (x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.variance_epsilon))


def rotary(self, x, position_ids):
    frequencies = 10000.0 ** (-torch.arange(0, 6, 2, dtype=torch.float64) / 6)
    angles = position_ids[..., None] * frequencies
    angles = torch.cat((angles, angles), -1)
    return angles.cos(), angles.sin()


# transformers rounds these two to float32 whatever the model's dtype; the formulas are the same.
modeling_llama.LlamaRMSNorm.forward = rms_norm
modeling_llama.LlamaRotaryEmbedding.forward = rotary


def model(shift):
    config = LlamaConfig(vocab_size=VOCAB, hidden_size=24, intermediate_size=40, num_hidden_layers=3,
                         num_attention_heads=4, num_key_value_heads=2, head_dim=6, rms_norm_eps=1e-5,
                         rope_theta=10000.0, tie_word_embeddings=False, attn_implementation="sdpa",
                         max_position_embeddings=64)
    net = LlamaForCausalLM(config).double()
    with torch.no_grad():
        for name, p in net.named_parameters():
            i = torch.arange(p.numel(), dtype=torch.float64)
            phase = (sum(map(ord, name)) % 101) / 7.0
            size = 0.7 if "lm_head" in name or "embed" in name else 0.15
            value = size * torch.sin(0.013 * i * i + 1.7 * i + phase + shift * torch.cos(0.9 * i)) + (1.0 if "norm" in name else 0.0)
            p.copy_(value.float().double().reshape(p.shape))
    return net


def token(role, d, t):
    return (37 * role + 11 * d + 3 * t * t + 5 * t) % 127 + 4


def document(role, d):
    length = 6 + (3 * d + role) % 5
    ids = [token(role, d, t) for t in range(length - 1)] + [PAD]
    if d == 1:
        ids[2] = PAD  # an end of turn inside the sequence
    return ids, 2 + (d + role) % 2


def batch(role, count=3):
    documents = [document(role, d) for d in range(count)]
    longest = max(len(ids) for ids, _ in documents)
    ids = torch.tensor([i + [PAD] * (longest - len(i)) for i, _ in documents])
    labels = torch.tensor([[-100] * p + i[p:] + [-100] * (longest - len(i)) for i, p in documents])
    return {"input_ids": ids, "labels": labels, "attention_mask": ids != PAD}


def run(net, b, hidden=False):
    out = net(input_ids=b["input_ids"], attention_mask=b["attention_mask"], output_hidden_states=hidden)
    return out.hidden_states[LAYER + 1] if hidden else out.logits


def token_nll(logits, labels):
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], ignore_index=-100, reduction="none")


def mean_nll(net, b):
    return token_nll(run(net, b), b["labels"]).sum() / (b["labels"][:, 1:] != -100).sum()


def batch_nll(net, b):
    return token_nll(run(net, b), b["labels"]).sum(1)


def kl(net, ref, b):
    with torch.no_grad():
        p_ref = F.log_softmax(run(ref, b), -1)
    return F.kl_div(F.log_softmax(run(net, b), -1).reshape(-1, VOCAB), p_ref.reshape(-1, VOCAB), log_target=True,
                    reduction="batchmean")


def ratio(net, ref, b):
    with torch.no_grad():
        reference = batch_nll(ref, b)
    return -(batch_nll(net, b) - reference)


def pref(beta, win, lose):
    return -2 / beta * F.logsigmoid(beta * (win - lose)).mean()


def simnpo_loss(net, b, beta=4.5, delta=0.0):
    loss = batch_nll(net, b) / (b["labels"] != -100).sum(1) - delta
    return -2 / beta * F.logsigmoid(beta * loss).mean()


def weighted_ascent(net, b, weight):
    loss = token_nll(run(net, b), b["labels"])
    p = torch.exp(-loss.detach())
    mask = b["labels"][:, 1:] != -100
    return -(weight(p) * loss)[mask].mean()


def undial(net, ref, b, beta):
    logits, labels = run(net, b)[:, :-1], b["labels"][:, 1:].clone()
    with torch.no_grad():
        teacher = run(ref, b)[:, :-1]
    labels = torch.where(labels == -100, VOCAB - 100, labels)
    soft = F.softmax(teacher - beta * F.one_hot(labels, VOCAB), -1)
    return -(soft * F.log_softmax(logits, -1)).sum(-1).mean()


def ce_u(net, b, ignore):
    labels = b["labels"].clone()
    seen = (labels != -100).cumsum(1)
    labels[(labels != -100) & (seen <= ignore)] = -100
    logits, labels = run(net, b)[:, :-1], labels[:, 1:]
    mask = labels != -100
    z, y = logits[mask], labels[mask]
    target = F.softmax(z.detach().scatter(1, y[:, None], float("-inf")), -1)
    return -(target * F.log_softmax(z, -1)).sum(-1).mean()


def pdu(net, b):
    z = run(net, b)[b["labels"] != -100]
    return ((z.max(-1).values - z.mean(-1)) ** 2).mean()


def activation_loss(a, b, mask):
    squared = ((a - b) ** 2).mean(-1)
    return ((squared * mask).sum(1) / mask.sum(1, keepdim=True)).mean()


def rmu(net, ref, f, r):
    u = torch.rand(24, generator=torch.Generator().manual_seed(0))
    control = (u / u.norm() * 2).double()
    forget = activation_loss(run(net, f, True), control, f["labels"] != -100)
    with torch.no_grad():
        frozen = run(ref, r, True)
    return forget + activation_loss(run(net, r, True), frozen, r["labels"] != -100)


def all_tokens(net, *batches):
    losses = [token_nll(run(net, b), b["labels"]).sum() for b in batches]
    return sum(losses) / sum((b["labels"][:, 1:] != -100).sum() for b in batches)


def cases(net, ref):
    f, r, alternate, refusal = (batch(role) for role in range(4))
    nll = lambda: mean_nll(net, r)
    preserved = lambda: -1 / 0.1 * F.logsigmoid(0.1 * (batch_nll(net, refusal) - batch_nll(net, r))).mean()
    yield "finetune", lambda: all_tokens(net, f, r)
    yield "grad_ascent", lambda: -mean_nll(net, f)
    yield "{name: grad_diff}", lambda: -mean_nll(net, f) + nll()
    yield "{name: grad_diff, retain_loss: kl}", lambda: -mean_nll(net, f) + kl(net, ref, r)
    yield "{name: npo}", lambda: pref(0.1, 0, ratio(net, ref, f)) + nll()
    yield "{name: npo, retain_loss: kl}", lambda: pref(0.1, 0, ratio(net, ref, f)) + kl(net, ref, r)
    yield "{name: simnpo}", lambda: 0.125 * simnpo_loss(net, f) + nll()
    yield "{name: dpo}", lambda: pref(0.1, ratio(net, ref, alternate), ratio(net, ref, f)) + nll()
    yield "{name: idk}", lambda: mean_nll(net, alternate) + nll()
    yield "{name: idk, anchor: ap}", lambda: mean_nll(net, alternate) + preserved()
    yield "{name: rmu, layer: 1}", lambda: rmu(net, ref, f, r)
    yield "{name: undial}", lambda: undial(net, ref, f, 10)
    yield "{name: undial, retain_weight: 1, retain_loss: kl}", lambda: undial(net, ref, f, 10) + kl(net, ref, r)
    yield "{name: ce_u}", lambda: ce_u(net, f, 1)
    yield "{name: sat_imp}", lambda: 0.1 * weighted_ascent(net, f, lambda p: p ** 5 * (1 - p)) + nll()
    yield "{name: wga}", lambda: weighted_ascent(net, f, lambda p: p) + nll()
    yield "{name: simnpo, beta: 0.5, delta: 1, retain_weight: 0}", lambda: 0.125 * simnpo_loss(net, f, 0.5, 1)
    yield ("{name: sat_imp, beta1: 1, beta2: 2, retain_weight: 0}",
           lambda: 0.1 * weighted_ascent(net, f, lambda p: p * (1 - p) ** 2))
    yield "{name: wga, retain_weight: 0}", lambda: weighted_ascent(net, f, lambda p: p)
    yield "{name: pdu}", lambda: pdu(net, f) + (nll() - 0.3)


def main():
    torch.set_num_threads(1)
    net, ref = model(0.0), model(0.2)
    print(f"# make_objectives.py with torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}; "
          "seeds: none but the control vector's 0; remake: python make_objectives.py > objectives.txt")
    for name, loss_of in cases(net, ref):
        net.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        print(f"objective {name}\nloss {loss.item():.12g}")
        for parameter, p in net.named_parameters():
            g = (p.grad if p.grad is not None else torch.zeros_like(p)).flatten()
            i = torch.arange(g.numel(), dtype=torch.float64)
            projections = [(g * torch.cos(k * (0.37 * i + 1))).sum().item() for k in range(1, 5)]
            print(parameter, " ".join(f"{x:.9g}" for x in [g.norm().item(), *projections]))


if __name__ == "__main__":
    sys.exit(main())
