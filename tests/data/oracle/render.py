"""stdin: [{"template", "messages", "add_generation_prompt"}, …]; stdout: the rendered texts, null where refused."""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "golden" / "templates"))
from render import render  # noqa: E402

json.dump([render(c["template"], c["messages"], c["add_generation_prompt"]) for c in json.load(sys.stdin)], sys.stdout)
