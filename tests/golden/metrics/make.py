"""Expected values of every metric on fixed token statistics and generations.

Run: python make.py > golden.json  (numpy, scipy, scikit-learn, rouge-score, nltk).  Formulas follow the papers
and OpenUnlearning's definitions; nothing of lethe is used.
"""
import json, math, sys, zlib
from collections import Counter

import numpy as np
import rouge_score
import scipy
import sklearn
from rouge_score import rouge_scorer
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

SEED = 5
rng = np.random.default_rng(SEED)
words = "the Author born in Kuwait City wrote running stories about a lonely lighthouse and its keepers 1956".split()


def logits_row(v=23):
    z = rng.normal(0, 2, v)
    y = int(rng.integers(v)) if rng.random() < 0.4 else int(np.argmax(z))
    lp = z - np.log(np.exp(z).sum())
    p = np.exp(lp)
    return dict(log_prob=lp[y], greedy=float(np.argmax(z) == y), mean_log_prob=(p * lp).sum(),
                mean_squared_log_prob=(p * lp * lp).sum(), reference_log_prob=lp[y] - rng.normal(0, 0.5))


def answer(n):
    rows = [logits_row() for _ in range(n)]
    out = {k: [r[k] for r in rows] for k in rows[0]}
    out["text"] = " ".join(rng.choice(words, n + 3))
    out["gradient_norm"] = [float(abs(rng.normal(1, 0.3)))]
    return out


def make_set(n, wrong):
    return [dict(answer=[answer(int(rng.integers(1, 9)))],
                 paraphrased=[answer(int(rng.integers(1, 9)))],
                 perturbed=[answer(int(rng.integers(1, 9))) for _ in range(wrong)]) for _ in range(n)]


sets = dict(forget=make_set(14, 5), holdout=make_set(11, 2), general=make_set(9, 3))
generations = [dict(ground_truth=" ".join(rng.choice(words, 12)) + ".", text=" ".join(rng.choice(words, int(n))))
               for n in [0, 1, 2, 5, 12, 15, 30, 12]]
retain = dict(scores=list(map(float, np.exp(rng.normal(-0.3, 0.6, 14)))), auc=0.61, value=0.57)

loss = lambda a: -np.mean(a["log_prob"])
prob = lambda a: math.exp(-loss(a))
E = 1e-10
expected = {}


def put(name, value, samples=None):
    expected[name] = dict(value=None if value is None else float(value), samples=samples)


for which in ["answer", "paraphrased", "perturbed"]:
    s = [float(np.mean([prob(a) for a in x[which]])) for x in sets["forget"]]
    put("probability/" + which, np.mean(s), s)
s = [prob(x["answer"][0]) / (prob(x["answer"][0]) + sum(prob(a) for a in x["perturbed"]) + E) for x in sets["general"]]
put("probability_w_options", np.mean(s), s)


def ratios(name, correct, share=False):
    out = []
    for x in sets[name]:
        c = math.exp(-np.mean([loss(a) for a in x[correct]]))
        w = math.exp(-np.mean([loss(a) for a in x["perturbed"]]))
        out.append(c / (c + w + E) if share else w / (c + E))
    return out


r = np.array(ratios("forget", "paraphrased"))
put("truth_ratio/closer_to_1_better", np.mean(np.minimum(r, 1 / (r + E))), list(r))
r2 = np.array(ratios("general", "answer"))
put("truth_ratio/true_better", np.mean(np.maximum(0, 1 - r2)), list(r2))
r3 = ratios("forget", "paraphrased", True)
put("truth_ratio/prob_mean", np.mean(r3), r3)

em, es = [], []
for x in sets["forget"]:
    m = x["answer"][0]["greedy"][:-1]
    n = len(m)
    em.append(None if n == 0 else sum(m) / n)
    if n == 0:
        es.append(0.0)
        continue
    for k in range(n):
        if all(m[k:]):
            break
    es.append(1 - k / n)
put("exact_memorization", np.mean([e for e in em if e is not None]), em)
put("extraction_strength", np.mean(es), es)

for stem in [True, False]:
    scorer = rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=stem)
    scores = [scorer.score(g["ground_truth"], g["text"]) for g in generations]
    for name, get in [("rouge1_recall", lambda s: s["rouge1"].recall), ("rougeL_recall", lambda s: s["rougeL"].recall),
                      ("rougeL_f1", lambda s: s["rougeL"].fmeasure)]:
        v = [get(s) for s in scores]
        put(f"rouge/{name}/{'stem' if stem else 'plain'}", np.mean(v), v)

put("forget_quality", ks_2samp(r, np.array(retain["scores"]), method="exact").pvalue)
parts = [0.41, 0.5, 0.77]
put("model_utility", scipy.stats.hmean(parts))

K = 0.4
lowest = lambda values: 0.0 if len(values) == 0 else -float(np.mean(np.sort(values)[: max(1, int(K * len(values)))]))


def plus_plus(a):
    lp, mu, sq = (np.array(a[k][:-1]) for k in ["log_prob", "mean_log_prob", "mean_squared_log_prob"])
    return lowest((lp - mu) / np.sqrt(np.maximum(sq - mu ** 2, 1e-6)))


attacks = dict(mia_loss=loss, mia_zlib=lambda a: loss(a) / len(zlib.compress(a["text"].encode())),
               mia_reference=lambda a: loss(a) + np.mean(a["reference_log_prob"]),
               mia_min_k=lambda a: lowest(a["log_prob"][:-1]), mia_min_k_plus_plus=plus_plus,
               mia_gradnorm=lambda a: a["gradient_norm"][0])
for name, score in attacks.items():
    f = [float(score(x["answer"][0])) for x in sets["forget"]]
    h = [float(score(x["answer"][0])) for x in sets["holdout"]]
    put(name, roc_auc_score([0] * len(f) + [1] * len(h), f + h), f + h)
auc = expected["mia_min_k"]["value"]
put("privleak", 100 * ((1 - auc) - (1 - retain["auc"])) / (1 - retain["auc"] + E))
put("privleak/no_retain", 100 * ((1 - auc) - 0.5) / (0.5 + E))
v = expected["truth_ratio/closer_to_1_better"]["value"]
put("rel_diff", 100 * (v - retain["value"]) / (retain["value"] + E))

tokens = [t for x in sets["forget"] for a in x["perturbed"] for t in a["log_prob"]]
s = [float(np.exp(-np.mean([t for a in x["perturbed"] for t in a["log_prob"]]))) for x in sets["forget"]]
put("perplexity", np.exp(-np.mean(tokens)), s)


def entropy(ws, n):
    grams = Counter(tuple(ws[i:i + n]) for i in range(len(ws) - n + 1))
    total = sum(grams.values())
    return -sum(c / total * math.log2(c / total) for c in grams.values()) if total else 0.0


s = [(2 / 3 * entropy(g["text"].lower().split(), 2) + 4 / 3 * entropy(g["text"].lower().split(), 3)) / 2 for g in generations]
put("ngram_entropy", np.mean(s), s)

header = (f"tests/golden/metrics/make.py; numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, "
          f"rouge-score 0.1.2; seed {SEED}; remake: python make.py > golden.json")
out = dict(made_by=header, sets=sets, generations=generations, retain=retain, parts=parts, expected=expected)
sys.stdout.write("{" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()) + "}\n")
