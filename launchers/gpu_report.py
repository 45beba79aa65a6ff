"""Writes docs/results/gpu-NAME.md: what `launchers/test --gpu` found on this machine's GPU.

gpu_report.py RESULTS FOLDER: RESULTS holds kernels_bench.json (Google Benchmark, with repetitions), nccl_bench.txt,
engine_bench.txt and tests.txt (the summary of the tests); the page goes into FOLDER. nvidia-smi, found in PATH, names GPU, driver and clocks.
Prints the page's path. Exit code 69 where nvidia-smi finds no GPU.
"""
import json
import platform
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

FIELDS = {"name": "GPU", "driver_version": "driver", "clocks.sm": "SM clock", "clocks.max.sm": "highest SM clock",
          "clocks.mem": "memory clock", "power.limit": "power limit", "temperature.gpu": "temperature, °C",
          "mig.mode.current": "MIG", "pstate": "performance state"}


def gpus():
    """One dict a GPU, by the words of FIELDS."""
    query = ["nvidia-smi", "--query-gpu=" + ",".join(FIELDS), "--format=csv,noheader"]
    try:
        text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [dict(zip(FIELDS.values(), [cell.strip() for cell in line.split(",")])) for line in text.splitlines() if line]


def slug(name):
    words = re.sub(r"[^a-z0-9]+", "-", name.lower().replace("nvidia", "")).strip("-")
    return words or "unnamed"


def commit():
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True)
    except OSError:  # no git here, as in the CUDA image
        return "unknown"
    return done.stdout.strip() or "unknown"


def kernel_rows(results):
    """(name, median GB/s, median percent of a copy, coefficient of variation in percent) by benchmark."""
    runs = {}
    for row in results["benchmarks"]:
        if row.get("run_type") == "iteration":
            runs.setdefault(row.get("run_name", row["name"]), []).append(row)
    for name, rows in runs.items():
        speeds = sorted(row["GB/s"] for row in rows)
        mean = sum(speeds) / len(speeds)
        spread = (sum((s - mean) ** 2 for s in speeds) / len(speeds)) ** 0.5
        middle = sorted(row["percent_of_copy"] for row in rows)[len(rows) // 2]
        yield name.replace("/manual_time", ""), speeds[len(speeds) // 2], middle, 100 * spread / mean


def page(found, results, nccl, engine, tests):
    first = found[0]
    lines = [f"# {first['GPU']}: engine, kernels, collectives and tests", "",
             f"`launchers/test --gpu`, commit {commit()}, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, "
             f"{len(found)} GPU(s), {platform.machine()} host.", "", "| | |", "|---|---|"]
    lines += [f"| {word} | {value} |" for word, value in first.items()]
    lines += ["", "## Tests", "", "```", tests.strip(), "```", "", "## Kernels", "",
              f"A copy within the device moves {float(results['context']['copy_GB_per_s']):.0f} GB/s. Noise is the coefficient "
              "of variation over the repetitions; clocks are as the driver sets them, not fixed.", "",
              "| kernel | GB/s | % of a copy | noise, % |", "|---|--:|--:|--:|"]
    lines += [f"| {name} | {speed:.0f} | {percent:.0f} | {noise:.1f} |"
              for name, speed, percent, noise in kernel_rows(results)]
    lines += ["", "## The engine on one GPU", "", engine.strip(), "", "## Collectives", "", nccl.strip(), ""]
    return "\n".join(lines)


def main(results, folder):
    found = gpus()
    if not found:
        print("error[device.none]: nvidia-smi finds no GPU", file=sys.stderr)
        return 69
    out = folder / f"gpu-{slug(found[0]['GPU'])}.md"
    out.write_text(page(found, json.loads((results / "kernels_bench.json").read_text()),
                        (results / "nccl_bench.txt").read_text(), (results / "engine_bench.txt").read_text(),
                        (results / "tests.txt").read_text()))
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
