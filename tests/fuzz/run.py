"""Run the coverage-guided targets: ``python tests/fuzz/run.py SECONDS [TARGET ...]``.

Each target gets its share of the seconds, in a process of its own. What it finds new lasts for this run only; the seeds
stand in ``corpus/TARGET``. A crash, an input that takes 10 s or 1 GiB, or an exception that is not documented ends the
run with status 1, and the input is kept in ``crashes/``: ``python tests/fuzz/run.py --once TARGET FILE`` repeats it.
"""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = ("replies", "session", "addresses", "headers", "bodies", "sasl", "cms", "stores")
_RUNS = re.compile(r"stat::number_of_executed_units: (\d+)")
_LONGEST_INPUT = 4096


def main(arguments: list[str]) -> int:
    if arguments[0] == "--once":
        load(arguments[1])(Path(arguments[2]).read_bytes())
        return 0
    targets = arguments[1:] or list(TARGETS)
    share = max(1, round(float(arguments[0]) / len(targets)))
    return max([run(target, share) for target in targets])


def load(target: str):
    sys.path.insert(0, str(HERE.parent))
    return importlib.import_module(f"fuzz.{target}").fuzz


def run(target: str, seconds: int) -> int:
    crashes = HERE / "crashes"
    crashes.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as found:
        command = (
            *(sys.executable, __file__, "--target", target, found, str(HERE / "corpus" / target)),
            *(f"-max_total_time={seconds}", f"-max_len={_LONGEST_INPUT}", "-timeout=10", "-rss_limit_mb=1024"),
            *("-print_final_stats=1", f"-artifact_prefix={crashes}/{target}-"),
        )
        outcome = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    report = outcome.stdout + outcome.stderr
    runs = _RUNS.search(report)
    print(f"{target}: {runs[1] if runs else 'unknown number of'} inputs in {seconds} s, status {outcome.returncode}")
    if outcome.returncode:
        print(report[-5000:])
    return 1 if outcome.returncode else 0


def fuzz(target: str, options: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["ssmtp_compat"]):
        function = load(target)
    atheris.Setup([sys.argv[0], *options], function)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--target":
        fuzz(sys.argv[2], sys.argv[3:])
    sys.exit(main(sys.argv[1:]))
