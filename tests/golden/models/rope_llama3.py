"""Makes rope_llama3.txt: rotary frequencies of transformers under llama3 scaling, one a line.

    python tests/golden/models/rope_llama3.py > tests/golden/models/rope_llama3.txt
"""
import torch
import transformers
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

SCALING = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
config = LlamaConfig(
    hidden_size=128, num_attention_heads=2, head_dim=64, rope_parameters=SCALING, max_position_embeddings=131072
)
frequencies, _ = ROPE_INIT_FUNCTIONS["llama3"](config, torch.device("cpu"))
print(f"# transformers {transformers.__version__}; no seed; python tests/golden/models/rope_llama3.py")
print("\n".join(repr(f) for f in frequencies.tolist()))
