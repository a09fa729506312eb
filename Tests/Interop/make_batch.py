"""Writes random images and noise that fit a checkpoint: images.npy and noise.safetensors.

    make_batch.py CHECKPOINT.safetensors FOLDER --samples K
"""
import argparse
import pathlib

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from agreement import model_description, need

IMAGES = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--samples", type=int, required=True)
    options = parser.parse_args()
    with safe_open(need(options.checkpoint), "numpy") as file:
        model = model_description(file.metadata(), options.checkpoint)
    generator = np.random.default_rng(1)
    images = generator.random((IMAGES, model["data_size"]))
    if model["likelihood"] == "bernoulli":
        images = images < 0.3
    np.save(options.folder / "images.npy", images.astype(np.float32))
    noise = {
        f"noise.{layer}": generator.standard_normal(
            (IMAGES, options.samples, size["latent"]), dtype=np.float32)
        for layer, size in enumerate(model["encoder"])}
    save_file(noise, options.folder / "noise.safetensors")


if __name__ == "__main__":
    main()
