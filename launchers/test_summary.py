"""Counts tests from the GoogleTest files in a folder and from ctest's own record beside them (ctest.junit).

A ctest entry NAME with a file NAME.xml counts test by test; one without counts as one. An entry that ctest calls failed
although its file shows no failed test (it crashed, ran out of time, or one rank failed) adds one failure.
The last line is `N passed, N failed, N skipped`; the exit code is 1 on any failure, or if nothing passed.
"""
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def first_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    # GoogleTest puts file:line before the message.
    if len(lines) > 1 and re.search(r"\.(cpp|cc|cu|h):\d+$", lines[0]):
        lines = lines[1:]
    return lines[0] if lines else "no reason given"


def last_line(text):
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1] if lines else ""


def cases(file):
    """(name, outcome, reason) of each test of a GoogleTest file; disabled tests are skipped ones."""
    for case in xml.parse(file).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failures = case.findall("failure")
        skipped = case.find("skipped")
        if failures:
            yield name, "failed", failures[0].get("message") or failures[0].text or ""
        elif skipped is not None:
            yield name, "skipped", first_line(skipped.get("message") or skipped.text)
        elif case.get("status") == "notrun":
            yield name, "skipped", "disabled"
        else:
            yield name, "passed", ""


def entry_outcome(entry):
    """ctest's verdict on one program. One that could not be started is a failure: only its own skip code is a skip."""
    status, skipped = entry.get("status"), entry.find("skipped")
    reason = (skipped.get("message") if skipped is not None else "") or ""
    if status == "run":
        return "passed", ""
    if status == "disabled" or reason.startswith("SKIP_"):
        return "skipped", "disabled" if status == "disabled" else last_line(entry.findtext("system-out")) or reason
    return "failed", reason or last_line(entry.findtext("system-out")) or "no output"


def collect(folder):
    for entry in xml.parse(folder / "ctest.junit").getroot().iter("testcase"):
        name = entry.get("name")
        outcome, reason = entry_outcome(entry)
        file = folder / f"{name}.xml"
        if not file.exists():
            yield name, "", outcome, f"no result file; see build/logs/test.log ({reason})" if outcome == "failed" else reason
            continue
        try:
            found = [(name, *case) for case in cases(file)]
        except xml.ParseError as error:  # written by a process that was killed, or by several at once
            yield name, "", "failed", f"{file} is no XML: {error}"
            continue
        yield from found
        if outcome == "failed" and not any(case[2] == "failed" for case in found):
            yield name, "", "failed", f"failed beside its tests; see build/logs/test.log ({reason})"


def main(folder):
    if not (folder / "ctest.junit").exists():
        print("error[test]: ctest left no record; see build/logs/test.log")
        return 1
    results = list(collect(folder))
    for outcome in ("skipped", "failed"):
        chosen = [result for result in results if result[2] == outcome]
        if chosen:
            print(f"{outcome}:")
        for program, test, _, reason in chosen:
            print(f"  {program} {test}: {reason.strip()}")
    count = {o: sum(result[2] == o for result in results) for o in ("passed", "failed", "skipped")}
    programs = len({result[0] for result in results})
    print(f"{programs} test programs (a program started with several worlds counts once for each)")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
