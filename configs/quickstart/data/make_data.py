"""Makes forget.jsonl, retain.jsonl and general.jsonl beside this file: python3 make_data.py (no packages; seed 7).

Every person, place of work, title and prize here is invented. A person gets five of twelve topics; a true value is
used once only, so nothing that is forgotten is also retained; wrong values come from a pool of their own.
"""
import json
import random
from pathlib import Path

from facts import GENERAL, PEOPLE, TOPICS

SEED = 7
FORGET_PEOPLE, WRONG_ANSWERS, GENERAL_ROWS = 8, 2, 30


def fill(template, person, value):
    name, pronoun = person
    words = {"he": ("he", "his", "him"), "she": ("she", "her", "her")}[pronoun]
    text = template.format(name=name, first=name.split()[0], they=words[0], their=words[1], them=words[2], value=value)
    return text[0].upper() + text[1:]


def row(person, topic, value, template, rng):
    question, answer, other_question, other_answer = template
    wrong = rng.sample(topic["wrong"], WRONG_ANSWERS)
    return {
        "question": fill(question, person, value),
        "answer": fill(answer, person, value),
        "paraphrased_question": fill(other_question, person, value),
        "paraphrased_answer": fill(other_answer, person, value),
        "perturbed_answer": [fill(other_answer, person, w) for w in wrong],
    }


def topics_of(index):
    """Every other of the twelve topics but one, which one in turn."""
    names = list(TOPICS)[index % 2 :: 2]
    del names[index // 2 % len(names)]
    return names


def people_rows(rng):
    """(index of the person, row) for everyone; each topic's templates take turns, its true values are used up."""
    left = {name: rng.sample(topic["true"], len(topic["true"])) for name, topic in TOPICS.items()}
    used = dict.fromkeys(TOPICS, 0)
    for index, person in enumerate(PEOPLE):
        for name in topics_of(index):
            templates = TOPICS[name]["templates"]
            template = templates[used[name] % len(templates)]
            used[name] += 1
            yield index, row(person, TOPICS[name], left[name].pop(), template, rng)


def general_rows():
    for question, answer, *wrong in GENERAL[:GENERAL_ROWS]:
        yield {"question": question, "answer": answer, "perturbed_answer": wrong}


def write(name, rows):
    rows = list(rows)
    path = Path(__file__).with_name(name)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{name}: {len(rows)} rows")


def main():
    rows = list(people_rows(random.Random(SEED)))
    write("forget.jsonl", (row for index, row in rows if index < FORGET_PEOPLE))
    write("retain.jsonl", (row for index, row in rows if index >= FORGET_PEOPLE))
    write("general.jsonl", general_rows())


if __name__ == "__main__":
    main()
