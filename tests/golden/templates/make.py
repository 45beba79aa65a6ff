"""Makes golden.jsonl: python make.py (package jinja2). A header line, then one line for each template and conversation:
the text that jinja2 renders, or null where it refuses."""
import json
import pathlib

import jinja2

from families import FAMILIES
from render import render
from snippets import SNIPPETS


def turn(role, content):
    return {"role": role, "content": content}


CONVERSATIONS = [
    [turn("user", "Hi")],
    [turn("system", "Be  brief. "), turn("user", " What is 2+2?\n")],
    [turn("user", "a"), turn("assistant", " b "), turn("user", "c")],
    [turn("system", "s"), turn("user", "q"), turn("assistant", "a"), turn("user", "q2"), turn("assistant", "it's \"ok\" é東\n")],
    [turn("assistant", "first")],
    [],
]


def main():
    rows = []
    for template in FAMILIES:
        for messages in CONVERSATIONS:
            for prompt in (False, True):
                rows.append((template, messages, prompt))
    rows += [(template, CONVERSATIONS[3], True) for template in SNIPPETS]
    head = {"program": "jinja2", "version": jinja2.__version__, "seed": None, "remake": "python make.py"}
    lines = [json.dumps(head)]
    for template, messages, prompt in rows:
        lines.append(json.dumps({"template": template, "messages": messages, "add_generation_prompt": prompt,
                                 "text": render(template, messages, prompt)}))
    pathlib.Path(__file__).with_name("golden.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
