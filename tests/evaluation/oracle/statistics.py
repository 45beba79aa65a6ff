"""Two-sample tests by scipy and areas under the ROC curve by scikit-learn. stdin: {"pairs": [[first, second], …]}."""
import json
import sys

from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score

pairs = json.load(sys.stdin)["pairs"]
tests = [ks_2samp(a, b, method="exact") for a, b in pairs]
json.dump({"statistic": [float(t.statistic) for t in tests], "p_value": [float(t.pvalue) for t in tests],
           "auc": [float(roc_auc_score([0] * len(a) + [1] * len(b), a + b)) for a, b in pairs]}, sys.stdout)
