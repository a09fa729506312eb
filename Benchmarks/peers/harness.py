"""What the peers share: their command line, the check of the bound, the timing and the serving.

A peer is a class with the methods of `Peer`; a peer's file ends in `harness.main(ItsClass)`.
"""
import argparse
import itertools
import json
import math
import os
import statistics
import sys
import time

# Before the frameworks are imported: their import is part of the time to the first step.
IMPORTED_AT = time.perf_counter()

import numpy as np

import model as models

TOLERANCE = 1e-4
BATCHES = 32
# How many steps the weights are trained before `trained_bound` is read.
TRAINED_STEPS = 10


class Unsupported(Exception):
    """A workload that a peer's library has no model for."""


class Peer:
    """What a peer does; images are uint8 arrays [batch, data] of zeros and ones in host memory."""
    name = "?"
    devices = ("cpu",)
    # Whether there are further ways to run it: --compile and --graphs.
    compiles = False

    def __init__(self, model, weights, options):
        """Builds the model and its optimizer with the given weights."""

    def load(self, weights):
        """Goes back to the given weights and a fresh optimizer."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def step(self, images):
        """One training step with noise of its own; returns the loss's value once all is done."""
        raise NotImplementedError

    def bounds(self, images, noise):
        """The bound of each image for the given noise, by the code that `step` runs."""
        raise NotImplementedError

    def evaluate(self, images):
        """log p(x) of each image by `options.samples` samples of its own noise."""
        raise NotImplementedError

    def log_likelihoods(self, images, noise):
        """What `evaluate` computes, for the given noise."""
        raise NotImplementedError


def parse(peer_class, arguments=None):
    parser = argparse.ArgumentParser(description="Times one peer and prints a JSON object.")
    parser.add_argument("--model", choices=list(models.MODELS), default="burda-1")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("-k", type=int, default=50, help="importance samples of a training step")
    parser.add_argument("--steps", type=int, default=100, help="how many steps to time")
    parser.add_argument("--evaluate", action="store_true",
                        help="time log p(x) of one batch in place of training steps")
    parser.add_argument("--samples", type=int, default=5000, help="samples of an evaluation")
    parser.add_argument("--device", choices=peer_class.devices, default="cpu")
    if peer_class.compiles:
        ways = parser.add_mutually_exclusive_group()
        ways.add_argument("--compile", action="store_true", help="with torch.compile")
        ways.add_argument("--graphs", action="store_true", help="with torch.compile, which records CUDA's graphs")
    parser.add_argument("--serve", action="store_true",
                        help="time as many steps as each line of standard input says")
    return parser.parse_args(arguments)


def milliseconds_since_start():
    """Since the process started, where the system tells; else since this file was imported."""
    try:
        with open("/proc/self/stat") as stat, open("/proc/uptime") as uptime:
            started = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
            return 1e3 * (float(uptime.read().split()[0]) - started)
    except (OSError, ValueError, IndexError):
        return 1e3 * (time.perf_counter() - IMPORTED_AT)


def worst_difference(found, expected):
    """The largest relative difference over the images; NaN if anything is not a number."""
    return float(np.max(np.abs(np.asarray(found, np.float64) - expected) / np.abs(expected)))


def check(peer, model, weights, images, options):
    """A report on whether the peer computes the reference's bound from the same noise."""
    samples = options.samples if options.evaluate else options.k
    noise = models.noise(model, options.batch, samples)
    expected = models.log_mean_exp(
        models.reference_log_weights(model, weights, images[0], noise))
    compute = peer.log_likelihoods if options.evaluate else peer.bounds
    error = worst_difference(compute(images[0], noise), expected)
    report = {
        "bound": float(np.mean(expected)), "bound_error": error if math.isfinite(error) else None}
    # Written so that NaN fails too.
    if not error <= TOLERANCE:
        report["failure"] = (
            f"expected the bound of every image within {TOLERANCE:g} of the float64 reference, "
            f"found a relative difference of {error:g}.")
    elif not options.evaluate:
        for batch in images[:TRAINED_STEPS]:
            peer.step(batch)
        report["trained_bound"] = float(np.mean(peer.bounds(images[0], noise)))
    return report


def redirect_output():
    """The stream for JSON, which is all that standard output carries, whatever a library prints."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return results


def main(peer_class):
    options = parse(peer_class)
    results = redirect_output()

    def write(record):
        print(json.dumps(record), file=results, flush=True)

    model = models.MODELS[options.model]
    weights = models.starting_weights(model)
    batches = models.image_batches(options.batch, BATCHES)
    try:
        peer = peer_class(model, weights, options)
    except Unsupported as reason:
        write({"peer": peer_class.name, "model": options.model, "unsupported": str(reason)})
        return
    work = peer.evaluate if options.evaluate else peer.step
    images = itertools.cycle(batches[:1] if options.evaluate else batches)

    def time_one():
        batch = next(images)
        start = time.perf_counter()
        work(batch)
        return 1e3 * (time.perf_counter() - start)

    unit = "evaluation" if options.evaluate else "step"
    time_one()
    record = {
        "peer": peer.name, "version": peer.version(), "model": options.model,
        "batch": options.batch, "k": options.k, "device": options.device,
        f"first_{unit}_milliseconds": round(milliseconds_since_start())}
    peer.load(weights)
    record.update(check(peer, model, weights, batches, options))
    if "failure" in record:
        write(record)
        sys.exit(1)
    time_one()
    if options.serve:
        write(record)
        for line in sys.stdin:
            # One that is not counted: others have had the caches since the last turn.
            time_one()
            write([time_one() for _ in range(int(line))])
        return
    times = [time_one() for _ in range(options.steps)]
    write({**record, f"{unit}_milliseconds": statistics.median(times), "times": times})
