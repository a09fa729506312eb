"""Checks that pandas reads a run's metrics, and the tables that the program prints, in one line each.

    check_metrics.py PROGRAM RUN_FOLDER
"""
import json
import subprocess
import sys

import numpy as np
import pandas

from agreement import fail, need


def check_metrics(path):
    """Fails unless every line is a row of numbers, those of the file."""
    frame = pandas.read_json(path, lines=True)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    if len(frame) != len(records) or not len(records):
        fail(f"'{path}' has {len(records)} lines, and {len(frame)} rows in pandas.")
    for name in ("step", "epoch", "bound", "train_seconds", "validation"):
        if name not in frame:
            fail(f"'{path}' has no column '{name}' in pandas, but {list(frame)}.")
    for name in frame:
        if not pandas.api.types.is_numeric_dtype(frame[name]):
            fail(f"'{name}' is of {frame[name].dtype} in pandas, not of numbers.")
        expected = np.array([record.get(name, np.nan) for record in records], float)
        # pandas reads decimals to some 15 digits unless asked for more.
        if not np.allclose(frame[name].astype(float), expected, rtol=1e-14, equal_nan=True):
            fail(f"'{name}' has other values in pandas than in '{path}'.")
    if not (frame["epoch"].diff().dropna() == 1).all():
        fail("the passes do not follow each other.")
    print(f"  {path}: {len(frame)} rows of {', '.join(frame)}")


def table(program, *arguments):
    """What the program prints as comma-separated values, through pandas."""
    result = subprocess.run(
        [program, *arguments, "--format", "csv", "--quiet"], stdout=subprocess.PIPE, check=True)
    with open("table.csv", "wb") as file:
        file.write(result.stdout)
    return pandas.read_csv("table.csv")


def check_tables(program, run):
    """Fails unless printed tables are rows of numbers, and say what JSON says."""
    arguments = ("evaluate", str(run), "-k", "20", "--limit", "30")
    frame = table(program, *arguments)
    printed = subprocess.run(
        [program, *arguments, "--json"], stdout=subprocess.PIPE, check=True).stdout
    expected = json.loads(printed)
    for name in ("nll", "standard_error", "effective_sample_size", "samples", "images"):
        if frame[name].item() != expected[name]:
            fail(f"'{name}' is {frame[name].item()!r} in CSV, {expected[name]!r} in JSON.")
    bounds = table(program, "bounds", str(run), "-k", "50", "--limit", "10", "--out", "table.svg")
    for name in ("samples", "bound", "bound_standard_error", "jackknife"):
        if not pandas.api.types.is_numeric_dtype(bounds[name]) or bounds[name].isna().any():
            fail(f"'{name}' of the bounds is {list(bounds[name])} in pandas.")
    report = table(program, "report", str(run), "--out", "table.html")
    if len(report) != 1 or not report["validation"].item() < 0:
        fail(f"the table of a report is {report.to_dict()}.")
    print(f"  tables of evaluate, bounds and report: {len(frame) + len(bounds) + len(report)} rows")


def main():
    program, run = sys.argv[1], need(sys.argv[2])
    check_metrics(need(run / "metrics.jsonl"))
    check_tables(program, run)
    print(f"{run}: pandas reads the metrics and the tables")


if __name__ == "__main__":
    main()
