"""stdin: {"directory", "add_special_tokens", "texts"}; stdout: [[ids, decoded, decoded without special tokens], …]."""
import json
import sys

from tokenizers import Tokenizer

request = json.load(sys.stdin)
tok = Tokenizer.from_file(request["directory"] + "/tokenizer.json")
encoded = tok.encode_batch(request["texts"], add_special_tokens=request["add_special_tokens"])
json.dump([[e.ids, tok.decode(e.ids, skip_special_tokens=False), tok.decode(e.ids)] for e in encoded], sys.stdout)
