"""Trains Burda et al.'s one-layer model on MNIST with PyTorch, by the recipe that `iwae-gpu train
--data mnist --model burda-1 -k 50 --schedule burda --passes 13` follows, and saves it in this
project's layout, so that `iwae-gpu evaluate` measures both with the same noise.

    train_torch.py MNIST-FOLDER OUT.safetensors [--passes 13] [-k 50] [--seed 0]
"""
import argparse
import gzip
import json
import math
import pathlib
import time

import numpy as np
import torch
from safetensors.numpy import save_file

import model as models
from torch_peer import ImportanceWeightedAutoencoder

BATCH = 20
# The released code keeps the last 400 training images for validation.
VALIDATION = 400


def images_of(path):
    data = gzip.decompress(path.read_bytes())
    count, rows, columns = np.frombuffer(data, ">i4", 3, 4)
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, rows * columns)


def initial_weights(model, mean, generator):
    """Glorot's uniform weights, zero biases, and output biases that give the mean image."""
    weights = {}
    for network in model.encoder + model.decoder:
        for name, inputs, outputs in network.linear_layers():
            limit = math.sqrt(6 / (inputs + outputs))
            weights[f"{name}.weight"] = generator.uniform(
                -limit, limit, (outputs, inputs)).astype(np.float32)
            weights[f"{name}.bias"] = np.zeros(outputs, np.float32)
    mean = np.clip(mean, 0.001, 0.999)
    weights["decoder.0.logits.bias"] = np.log(mean / (1 - mean)).astype(np.float32)
    return weights


def learning_rate(done):
    """Stage i has 3^i passes at 1e-3 * 10^(-i/7)."""
    stage, end = 0, 1
    while done >= end:
        stage, end = stage + 1, 3 * end + 1
    return 1e-3 * 10 ** (-stage / 7)


def named_weights(module):
    """The parameters under the names of a checkpoint."""
    return {
        f"{name}.{kind}": getattr(layer, kind).detach().numpy()
        for network in [*module.encoder, *module.decoder]
        for name, layer in zip(network.names, [*network.hidden, *network.heads])
        for kind in ("weight", "bias")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mnist", type=pathlib.Path)
    parser.add_argument("out")
    parser.add_argument("--passes", type=int, default=13)
    parser.add_argument("-k", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)

    model = models.MODELS["burda-1"]
    images = images_of(options.mnist / "train-images-idx3-ubyte.gz")[:-VALIDATION]
    grey = torch.from_numpy(images.astype(np.float32) / 255)
    module = ImportanceWeightedAutoencoder(model)
    weights = initial_weights(model, grey.double().mean(0).numpy(), generator)
    for network in [*module.encoder, *module.decoder]:
        network.load(weights)
    optimizer = torch.optim.Adam(
        module.parameters(), betas=(models.BETA1, models.BETA2), eps=models.EPSILON, fused=True)

    start = time.perf_counter()
    for done in range(options.passes):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(done)
        order = torch.randperm(len(grey))
        bounds = []
        for rows in order[:len(grey) // BATCH * BATCH].view(-1, BATCH):
            # Pixels are drawn afresh in each pass.
            batch = torch.bernoulli(grey[rows])
            noise = [torch.randn(BATCH, options.k, latent) for latent in model.latents]
            loss = -module(batch, noise).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            bounds.append(-loss.item())
        seconds = time.perf_counter() - start
        print(f"pass {done + 1}: bound {np.mean(bounds):.3f}, {seconds:.0f} s", flush=True)
    description = {
        "data_size": models.DATA_SIZE, "activation": "tanh", "likelihood": "bernoulli",
        "encoder": [{"hidden": [200, 200], "latent": 50}], "decoder": [{"hidden": [200, 200]}]}
    save_file(named_weights(module), options.out, metadata={"model": json.dumps(description)})


if __name__ == "__main__":
    main()
