"""rank_of_estimators.py beside a program that draws without a model: what it goes on from, and what it refuses."""
import json, os, subprocess, sys, tempfile, unittest

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rank_of_estimators.py")
# Goes on to as many draws as DRAWS says, one value for each row of its set, and then waits, or fails with CODE.
LETHE = """#!/bin/sh
[ "$1" = --version ] && { echo fake; exit 0; }
mkdir -p "$4/cache"
rows=$(grep -c . "$(dirname "$2")/forget.jsonl")
{
  printf 'lethe-score-state-1\\nidentity\\n0x1p+0 %d\\n' $DRAWS
  for k in $(seq $DRAWS); do
    printf %d $rows; for r in $(seq $rows); do printf ' 0x1p+%d' $r; done
    printf '\\n0\\n'
  done
} >"$4/cache/state.new"
mv "$4/cache/state.new" "$4/cache/scoring-0.txt"
[ "$CODE" = 0 ] || exit $CODE
exec sleep 60
"""


class Measure(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(self.path("lethe"), "w") as f:
            f.write(LETHE)
        os.chmod(self.path("lethe"), 0o755)
        with open(self.path("rows.jsonl"), "w") as f:
            f.writelines(json.dumps({"question": f"q{k}", "answer": f"a{k}"}) + "\n" for k in range(6))

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def measure(self, directions, samples=4, draws=None, code=0, more=()):
        return subprocess.run([sys.executable, SCRIPT, "measure", "antithetic", self.path("lethe"), self.path("model"), self.path("rows.jsonl"),
                               self.path("out"), "--directions", str(directions), "--samples", str(samples), "--ranks", "1", *more],
                              capture_output=True, text=True, env={**os.environ, "DRAWS": str(draws or directions), "CODE": str(code)})

    def groups(self):
        with open(self.path("out/antithetic.csv")) as f:
            return [line.split(",") for line in f if not line.startswith("#")]

    def test_goes_on_to_more_directions(self):
        self.assertEqual(self.measure(4).returncode, 0)
        more = self.measure(8)
        self.assertEqual(more.returncode, 0, more.stderr)
        self.assertIn("antithetic: 8 directions", more.stdout)
        self.assertEqual([len(group) for group in self.groups()], [4, 4])

    def test_goes_on_from_another_copy_of_the_project(self):
        self.assertEqual(self.measure(4).returncode, 0)
        path = self.path("out/antithetic.run/score.yaml")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.writelines("  retain: {path: /elsewhere/retain.jsonl}\n" if "  retain:" in line else line for line in text.splitlines(True))
        self.assertEqual(self.measure(8).returncode, 0)

    def test_refuses_draws_of_other_rows_and_steps(self):
        self.assertEqual(self.measure(4).returncode, 0)
        for refused in (self.measure(4, samples=3), self.measure(4, more=("--step", "0.5"))):
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("were made of other settings or rows", refused.stderr)
        self.assertEqual(self.measure(8).returncode, 0, "what stands there is as it was")

    def test_takes_no_old_draws_for_those_of_a_run_that_failed(self):
        self.assertEqual(self.measure(4).returncode, 0)
        os.remove(self.path("lethe"))
        with open(self.path("lethe"), "w") as f:
            f.write('#!/bin/sh\n[ "$1" = --version ] && { echo fake; exit 0; }\nsleep 1; exit 3\n')
        os.chmod(self.path("lethe"), 0o755)
        failed = self.measure(4)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("exit code 3 after 0 of 4 directions", failed.stderr)

    def test_says_that_a_run_failed(self):
        failed = self.measure(8, draws=4, code=66)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("antithetic: lethe ended with exit code 66 after", failed.stderr)


if __name__ == "__main__":
    unittest.main()
