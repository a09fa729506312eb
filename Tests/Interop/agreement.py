"""What the checks share: comparisons that print their figures, and the way they end."""
import json
import os
import pathlib
import sys

import numpy as np


def fail(message):
    """Ends the check: something disagrees, or is not there."""
    print(f"FAILED: {message}", file=sys.stderr)
    sys.exit(1)


def skip(what):
    """Says what could not be checked here, for the last line of all checks too."""
    print(f"  skipped: {what}")
    if os.environ.get("INTEROP_SKIPPED"):
        with open(os.environ["INTEROP_SKIPPED"], "a") as file:
            print(what, file=file)


def need(path):
    """The path, which has to be there."""
    path = pathlib.Path(path)
    if not path.exists():
        fail(f"'{path}' is not there.")
    return path


class Comparisons:
    """Compares arrays, prints what it found, and fails in the end if anything disagreed.

    The error is the largest of |found - expected| / max(1, |expected|) over the elements.
    """

    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.count = 0
        self.worst = 0.0
        self.failures = []

    def compare(self, name, found, expected):
        found, expected = (np.asarray(array, np.float64) for array in (found, expected))
        self.count += 1
        if found.shape != expected.shape:
            self.fail(name, f"has the shape {found.shape}, expected {expected.shape}")
            return
        if found.size == 0:
            self.fail(name, "has no elements")
            return
        error = float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))
        print(f"  {name} {list(found.shape)}: largest error {error:.2e}")
        # A NaN passes no comparison.
        if not error <= self.tolerance:
            self.fail(name, f"has the error {error:.2e}, allowed are {self.tolerance:.0e}")
        self.worst = max(self.worst, error)

    def fail(self, name, problem):
        self.failures.append(f"{name} {problem}")

    def finish(self, subject):
        if self.failures:
            fail("; ".join(self.failures) + ".")
        if self.count == 0:
            fail("nothing was compared.")
        print(f"{subject}: {self.count} arrays agree, largest error {self.worst:.2e}")


def model_description(metadata, path):
    """The model that a checkpoint's metadata describes."""
    if not metadata or "model" not in metadata:
        fail(f"'{path}' has no metadata 'model'.")
    model = json.loads(metadata["model"])
    if len(model["encoder"]) != len(model["decoder"]):
        fail(f"'{path}' has {len(model['encoder'])} encoder and {len(model['decoder'])} "
             "decoder layers.")
    return model


def images_of(path, model):
    """The images of an .npy file as rows of float64; bytes beyond 0 and 1 are brightness."""
    images = np.load(need(path))
    images = images.reshape(len(images), -1)
    if images.shape[1] != model["data_size"]:
        fail(f"'{path}' has images of {images.shape[1]} values, the model's have "
             f"{model['data_size']}.")
    if images.dtype == np.uint8 and images.max() > 1:
        images = images.astype(np.float32) / np.float32(255)
    return images.astype(np.float64)
