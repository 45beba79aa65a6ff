"""Makes the tiny tokenizers of this folder and golden.jsonl: python make.py (package `tokenizers`).

One folder for each way in which a model family sets up byte-pair encoding. The training text is invented here, so the
files belong to the project. golden.jsonl: a header line, then one line for each tokenizer and text with the ids (with
and without special tokens) and both decodings, as the `tokenizers` package gives them.
"""
import json
import pathlib
import random

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
SEED = 7
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
NAMES = ["Ilva Marenko", "Tobias Quell", "Anneke Dray", "Sorin Vasht", "Małgorzata Öhm", "李晓", "Наталья Ветрова"]
PLACES = ["Port Ellery", "Vessenheim", "Kalmora", "Straße der Mühle", "東京", "Кострома"]
WORKS = ["paints maps of rivers", "repairs old clocks", "wrote 14 novels about tides", "teaches the zither",
         "couldn't keep bees", "they've sung since 1987"]


def corpus():
    rng = random.Random(SEED)
    return [f"{rng.choice(NAMES)} was born in {rng.choice(PLACES)} in {rng.randint(1900, 2020)} and "
            f"{rng.choice(WORKS)}. Where does she live? It's {rng.choice(PLACES)}!\n" for _ in range(400)]


def byte_level(digits_alone=True):
    tok = Tokenizer(models.BPE())
    steps = [pre_tokenizers.Digits(individual_digits=True)] if digits_alone else []
    tok.pre_tokenizer = pre_tokenizers.Sequence(steps + [pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tok.decoder = decoders.ByteLevel()
    return tok, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], pre_tokenizers.ByteLevel.alphabet()


def split_regex(pattern):
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"),
                                                 pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    return tok, ["<|begin|>", "<|end|>"], pre_tokenizers.ByteLevel.alphabet()


def llama3():
    tok, special, alphabet = split_regex(LLAMA3)
    tok.model.ignore_merges = True
    return tok, special, alphabet


def qwen2():
    tok, special, alphabet = split_regex(QWEN2)
    tok.normalizer = normalizers.NFC()
    return tok, special, alphabet


def sentencepiece(fuse_unk=True):
    tok = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=fuse_unk, byte_fallback=True))
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                     decoders.Strip(" ", 1, 0)])
    return tok, ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], []


def llama2():
    tok, special, alphabet = sentencepiece()
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tok, special, alphabet


def gemma():
    tok, special, alphabet = sentencepiece()
    tok.normalizer = normalizers.Replace(" ", "▁")
    tok.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tok, special, alphabet


def mistral():
    tok, special, alphabet = sentencepiece(fuse_unk=False)
    tok.model.byte_fallback = False
    tok.pre_tokenizer = pre_tokenizers.Metaspace("▁", "first", True)
    tok.decoder = decoders.Metaspace("▁", "first", True)
    return tok, special[:3], alphabet


FAMILIES = {"smollm": byte_level, "llama3": llama3, "qwen2": qwen2, "llama2": llama2, "gemma": gemma,
            "mistral": mistral}


def finish(name, tok, special):
    tok.add_special_tokens(special[:3])
    if name in ("llama3", "llama2", "gemma"):
        first = "<|begin|>" if name == "llama3" else "<s>"
        tok.post_processor = processors.TemplateProcessing(single=[first, "$A"], pair=[first, "$A", "$B"],
                                                           special_tokens=[(first, tok.token_to_id(first))])
    if name == "qwen2":
        tok.post_processor = processors.ByteLevel(trim_offsets=False)
    if name in ("smollm", "llama2"):  # one of each way to stand in a text
        tok.add_tokens([AddedToken("[mask]", lstrip=True, normalized=False), AddedToken("tide", single_word=True),
                        AddedToken("[cut]", rstrip=True, normalized=False), AddedToken("Port Ellery", normalized=True)])


def make(name):
    tok, special, alphabet = FAMILIES[name]()
    trainer = trainers.BpeTrainer(vocab_size=420 if alphabet else 700, special_tokens=special,
                                  initial_alphabet=sorted(alphabet), show_progress=False)
    tok.train_from_iterator(corpus(), trainer)
    bytes_as_special = {f"<0x{b:02X}>" for b in range(256)}  # training marks them special; in a model they are plain
    data = json.loads(tok.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] not in bytes_as_special]
    tok = Tokenizer.from_str(json.dumps(data))
    finish(name, tok, special)
    data = json.loads(tok.to_str())
    if name in ("smollm", "gemma"):  # the older spelling of merges
        data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, indent=0) + "\n")
    bos, eos = (special[0], special[1]) if name in ("llama3", "qwen2") else (special[1], special[2])
    (folder / "tokenizer_config.json").write_text(json.dumps({"bos_token": bos, "eos_token": eos}) + "\n")
    return Tokenizer.from_file(str(folder / "tokenizer.json")), special


def golden_texts(special):
    return ["", " ", "Where does Ilva Marenko live?", "It's Port Ellery, isn't IT'S?  They'VE sung since 1987!\n\n",
            f"{special[0]}a{special[1]} {special[-1]}b", "tide tides [mask]   [cut]   Port Ellery Port  Ellery",
            "12345 ٣٤٥ ½ Ⅷ", "e\u0301 é 東京 李晓 \u3000 ｆｕｌｌ", "👩‍👩‍👧‍👦🏳️‍🌈 ok", "a\u00a0b\u200bc\u0085d\u180ee\r\n\t f",
            "the   the    \n  the\n", "x" * 40 + " " * 20 + "!" * 10, "\x00\x01\x7f", "  ▁lead ▁▁ trail  "]


def main():
    rows = []
    for name in FAMILIES:
        tok, special = make(name)
        for text in golden_texts(special):
            plain = tok.encode(text, add_special_tokens=False).ids
            rows.append({"tokenizer": name, "text": text, "ids": tok.encode(text).ids, "plain": plain,
                         "decoded": tok.decode(plain, skip_special_tokens=False), "skipped": tok.decode(plain)})
    head = {"program": "tokenizers", "version": tokenizers.__version__, "seed": SEED, "remake": "python make.py"}
    lines = [json.dumps(row, ensure_ascii=True) for row in [head] + rows]
    (HERE / "golden.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
