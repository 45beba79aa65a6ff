"""Scores pairs with rouge-score and stems words with NLTK. stdin: {"pairs": [[target, prediction], …], "words": […]}."""
import json
import sys

from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer

request = json.load(sys.stdin)
scorers = [rouge_scorer.RougeScorer(["rouge1", "rougeL"], use_stemmer=stem) for stem in (False, True)]


def numbers(scorer, target, prediction):
    scores = scorer.score(target, prediction)
    return [x for kind in ("rouge1", "rougeL") for x in (scores[kind].precision, scores[kind].recall, scores[kind].fmeasure)]


stemmer = PorterStemmer()
json.dump({"scores": [[numbers(s, t, p) for s in scorers] for t, p in request["pairs"]],
           "stems": [stemmer.stem(w) for w in request["words"]]}, sys.stdout)
