#!/usr/bin/env python3
"""Turns SmolLM2's GGUF file into an ordinary Hugging Face directory: smollm2_to_hf.py FILE.gguf OUT_DIR

Dequantises to float32, undoes llama.cpp's row permutation of q and k, and rebuilds tokenizer.json. Needs numpy and
gguf. OUT_DIR is complete or absent."""
import json
import os
import shutil
import sys

import gguf
import numpy as np
from gguf.quants import dequantize

NAMES = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
SPECIAL, USER_DEFINED = 3, 4  # GGUF token types


def hf_name(name):
    if name == "token_embd.weight":
        return "model.embed_tokens.weight"
    if name == "output_norm.weight":
        return "model.norm.weight"
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{NAMES[part]}.weight"


def unpermuted(weights, heads):
    """llama.cpp stores rotary pairs side by side; Hugging Face keeps the halves apart."""
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def tensors(reader, heads, kv_heads):
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        values = values.reshape([int(n) for n in reversed(tensor.shape)])
        if ".attn_q." in tensor.name or ".attn_k." in tensor.name:
            values = unpermuted(values, heads if ".attn_q." in tensor.name else kv_heads)
        yield hf_name(tensor.name), np.ascontiguousarray(values)


def write_safetensors(path, named):
    named = sorted(named)
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, values in named:
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, values in named:
            file.write(values.tobytes())


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")


def added_token(index, text, special):
    return {"id": index, "content": text, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": special}


def tokenizer_json(field):
    tokens, types = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
    added = [added_token(i, t, k == SPECIAL) for i, (t, k) in enumerate(zip(tokens, types)) if k in (SPECIAL, USER_DEFINED)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "post_processor": None, "decoder": dict(byte_level),
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {t: i for i, t in enumerate(tokens)}, "merges": field("tokenizer.ggml.merges")},
    }


def config_json(field):
    return {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": field("llama.vocab_size"),
        "hidden_size": field("llama.embedding_length"), "intermediate_size": field("llama.feed_forward_length"),
        "num_hidden_layers": field("llama.block_count"), "num_attention_heads": field("llama.attention.head_count"),
        "num_key_value_heads": field("llama.attention.head_count_kv"), "hidden_act": "silu",
        "max_position_embeddings": field("llama.context_length"), "rope_theta": float(field("llama.rope.freq_base")),
        "rms_norm_eps": 1e-05, "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": field("tokenizer.ggml.bos_token_id"), "eos_token_id": field("tokenizer.ggml.eos_token_id"),
        "pad_token_id": field("tokenizer.ggml.padding_token_id"), "torch_dtype": "float32",
        "initializer_range": 0.041666666666666664,
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, target = sys.argv[1:]
    if os.path.exists(os.path.join(target, "config.json")):
        return print(f"{target} is there already")
    reader = gguf.GGUFReader(source)
    field = lambda name: reader.fields[name].contents()
    aside = target.rstrip("/") + ".partial"
    shutil.rmtree(aside, ignore_errors=True)
    os.makedirs(aside)
    config = config_json(field)
    named = list(tensors(reader, config["num_attention_heads"], config["num_key_value_heads"]))
    write_safetensors(os.path.join(aside, "model.safetensors"), named)
    write_json(os.path.join(aside, "config.json"), config)
    ids = {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    write_json(os.path.join(aside, "generation_config.json"), ids)
    write_json(os.path.join(aside, "tokenizer.json"), tokenizer_json(field))
    tokens = field("tokenizer.ggml.tokens")
    special = {name[:-3]: tokens[index] for name, index in ids.items()}
    special["unk_token"] = tokens[field("tokenizer.ggml.unknown_token_id")]
    write_json(os.path.join(aside, "special_tokens_map.json"), special)
    write_json(os.path.join(aside, "tokenizer_config.json"),
               {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config["max_position_embeddings"],
                "chat_template": field("tokenizer.chat_template"), "clean_up_tokenization_spaces": False, **special})
    os.rename(aside, target)
    print(f"{target}: {len(named)} tensors, {sum(v.size for _, v in named):,} parameters")


if __name__ == "__main__":
    main()
