"""Writes a tiny Llama as a float32 GGUF file, as llama.cpp's converter would: the rows of q and k are permuted.

    write_tiny_gguf.py FILE

Before the permutation, every element of a matrix has the value row + column / 64.
"""
import sys

import gguf
import numpy as np

HIDDEN, HEADS, KV_HEADS, INNER, LAYERS = 32, 4, 2, 64, 1
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "ab"]


def matrix(rows, columns):
    return (np.arange(rows)[:, None] + np.arange(columns)[None, :] / 64).astype(np.float32)


def permute(weights, heads):  # convert_hf_to_gguf.py of llama.cpp, LlamaModel.permute
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def add_metadata(writer):
    writer.add_context_length(128)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(100000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(TOKENS)
    writer.add_token_types([3, 3, 3, 1, 1, 1])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_chat_template("{{ messages }}")


def add_tensors(writer):
    keys = HIDDEN // HEADS * KV_HEADS
    writer.add_tensor("token_embd.weight", matrix(len(TOKENS), HIDDEN))
    writer.add_tensor("output_norm.weight", np.ones(HIDDEN, np.float32))
    writer.add_tensor("blk.0.attn_norm.weight", np.ones(HIDDEN, np.float32))
    writer.add_tensor("blk.0.attn_q.weight", permute(matrix(HIDDEN, HIDDEN), HEADS))
    writer.add_tensor("blk.0.attn_k.weight", permute(matrix(keys, HIDDEN), KV_HEADS))
    writer.add_tensor("blk.0.attn_v.weight", matrix(keys, HIDDEN))
    writer.add_tensor("blk.0.attn_output.weight", matrix(HIDDEN, HIDDEN))
    writer.add_tensor("blk.0.ffn_norm.weight", np.ones(HIDDEN, np.float32))
    writer.add_tensor("blk.0.ffn_gate.weight", matrix(INNER, HIDDEN))
    writer.add_tensor("blk.0.ffn_up.weight", matrix(INNER, HIDDEN))
    writer.add_tensor("blk.0.ffn_down.weight", matrix(HIDDEN, INNER))


writer = gguf.GGUFWriter(sys.argv[1], "llama")
add_metadata(writer)
add_tensors(writer)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
