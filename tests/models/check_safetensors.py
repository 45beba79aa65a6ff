"""Opens a safetensors file with the safetensors package and prints what it holds; or writes one with it.

    check_safetensors.py read FILE          check_safetensors.py write FILE
"""
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

what, path = sys.argv[1:]
if what == "write":
    tensors = {
        "w": np.arange(6, dtype=np.float32).reshape(2, 3),
        "h": np.array([1.0, -2.0, 65504.0], dtype=np.float16),
        "i": np.array([[7]], dtype=np.int64),
    }
    save_file(tensors, path, metadata={"format": "np"})
else:
    with safe_open(path, "np") as file:
        print(file.metadata())
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            print(name, tensor.dtype, list(tensor.shape), tensor.ravel().tolist())
