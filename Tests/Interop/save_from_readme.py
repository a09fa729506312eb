"""Runs the README's lines that save a PyTorch model, on layers of random weights.

    save_from_readme.py README.md      writes model.safetensors into the current folder
"""
import sys
import textwrap

import torch
from torch import nn

from agreement import fail, need


def block(text, phrase):
    """The indented lines around a phrase, as a program."""
    blocks = [[]]
    for line in text.splitlines():
        if line.startswith("    ") or not line.strip():
            blocks[-1].append(line)
        else:
            blocks.append([])
    found = [lines for lines in blocks if any(phrase in line for line in lines)]
    if len(found) != 1:
        fail(f"expected one block of the README with '{phrase}', found {len(found)}.")
    return textwrap.dedent("\n".join(found[0]))


def main():
    torch.manual_seed(0)
    program = block(need(sys.argv[1]).read_text(), "save_file(")
    layers = {
        "first": nn.Linear(784, 200), "second": nn.Linear(200, 200), "mean": nn.Linear(200, 50),
        "log_sigma": nn.Linear(200, 50), "third": nn.Linear(50, 200),
        "fourth": nn.Linear(200, 200), "logits": nn.Linear(200, 784)}
    exec(program, dict(layers))
    lines = [line for line in program.splitlines() if line.strip()]
    print(f"{len(lines)} lines of the README wrote {need('model.safetensors')}")


if __name__ == "__main__":
    main()
