"""json.dumps of the values read from standard input, as the reference implementation writes result files."""
import json, struct, sys

request = json.load(sys.stdin)
numbers = [struct.unpack("<d", bytes.fromhex(h))[0] for h in request["bits"]]
print(json.dumps({"numbers": [json.dumps(n) for n in numbers],
                  "file": json.dumps(request["value"], indent=4)}))
