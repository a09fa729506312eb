"""Checks that PyTorch computes from a checkpoint what iwae-gpu computes.

    check_checkpoint.py RUN_OR_CHECKPOINT GRADIENT.safetensors IMAGES.npy NOISE.safetensors K

GRADIENT is what `iwae-gpu gradient` wrote for the images, the noise, --objective iwae and -k K.
The checkpoint is loaded into modules of torch.nn, in float64; compared are the log-weights, the
bound and each image's bound.
"""
import argparse
import math

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from agreement import fail, images_of, model_description, need

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "softplus": nn.Softplus}


class Block(nn.Module):
    """Hidden layers with heads on top."""

    def __init__(self, inputs, hidden, outputs, heads, activation):
        super().__init__()
        widths = [inputs, *hidden]
        self.hidden = nn.ModuleList(map(nn.Linear, widths, widths[1:]))
        for head in heads:
            self.add_module(head, nn.Linear(widths[-1], outputs))
        self.heads = heads
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return [getattr(self, head)(x) for head in self.heads]


class Autoencoder(nn.Module):
    """The model whose state_dict has the names of the checkpoint's contract."""

    def __init__(self, model):
        super().__init__()
        gaussian, activation = ["mean", "log_sigma"], model["activation"]
        self.is_bernoulli = model["likelihood"] == "bernoulli"
        # From the data upwards: the widths that lie below and at the top of each encoder layer.
        widths = [model["data_size"]] + [layer["latent"] for layer in model["encoder"]]
        self.encoder = nn.ModuleList(
            Block(below, layer["hidden"], above, gaussian, activation)
            for below, layer, above in zip(widths, model["encoder"], widths[1:]))
        downwards = widths[::-1]
        heads = [gaussian] * len(model["decoder"])
        if self.is_bernoulli:
            heads[-1] = ["logits"]
        self.decoder = nn.ModuleList(
            Block(above, layer["hidden"], below, names, activation)
            for above, layer, below, names in zip(
                downwards, model["decoder"], downwards[1:], heads))

    def log_weights(self, images, noise):
        """log p(x, h) - log q(h | x) of images [B, D] and noise [B, K, latent] a layer: [B, K]."""
        x = images[:, None, :]
        samples, result = [], 0
        for block, epsilon in zip(self.encoder, noise):
            mean, log_sigma = block(x)
            x = mean + log_sigma.exp() * epsilon
            samples.append(x)
            result = result - log_normal(x, mean, log_sigma)
        zero = torch.zeros_like(samples[-1])
        result = result + log_normal(samples[-1], zero, zero)
        # What each decoder layer explains: the sample below it, and last the data.
        for block, given, target in zip(self.decoder, samples[::-1], samples[-2::-1]):
            result = result + log_normal(target, *block(given))
        heads, data = self.decoder[-1](samples[0]), images[:, None, :]
        if self.is_bernoulli:
            return result + (data * heads[0] - nn.functional.softplus(heads[0])).sum(-1)
        return result + log_normal(data, *heads)


def log_normal(x, mean, log_sigma):
    """The log-density of independent normals, summed over the last axis."""
    standard = (x - mean) * torch.exp(-log_sigma)
    return (-0.5 * standard**2 - log_sigma - 0.5 * math.log(2 * math.pi)).sum(-1)


def load(path):
    """The checkpoint's description and its model in float64."""
    with safe_open(path, "pt") as file:
        model = model_description(file.metadata(), path)
    # A training run keeps its optimizer's moments beside the parameters.
    parameters = {name: tensor for name, tensor in load_file(path).items()
                  if name.split(".")[0] in ("encoder", "decoder")}
    autoencoder = Autoencoder(model).double()
    try:
        autoencoder.load_state_dict(parameters)
    except RuntimeError as error:
        fail(f"'{path}' does not load into the equivalent torch.nn model: {error}")
    print(f"{path}: {len(parameters)} tensors load into torch.nn, {len(model['encoder'])} "
          f"stochastic layers, {model['activation']}, {model['likelihood']}")
    return model, autoencoder


def check(name, found, expected, limit):
    """Fails unless the relative squared error is below the limit."""
    if found.shape != expected.shape:
        fail(f"'{name}' has the shape {list(found.shape)}, expected {list(expected.shape)}.")
    error = float(((found - expected)**2).sum() / (expected**2).sum())
    print(f"  {name} {list(found.shape)}: relative squared error {error:.2e}, first value "
          f"{found.flatten()[0]:.6f} against {expected.flatten()[0]:.6f}")
    # A NaN passes no comparison.
    if not error < limit:
        fail(f"'{name}' has the relative squared error {error:.2e}, allowed is {limit:.0e}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", help="a checkpoint, or a run folder")
    parser.add_argument("gradient", help="what iwae-gpu gradient wrote")
    parser.add_argument("images")
    parser.add_argument("noise")
    parser.add_argument("samples", type=int, metavar="K")
    parser.add_argument("--limit", type=float, default=1e-10, help="relative squared error")
    options = parser.parse_args()
    path = need(options.checkpoint)
    model, autoencoder = load(need(path / "checkpoint.safetensors") if path.is_dir() else path)
    images = torch.from_numpy(images_of(options.images, model))
    noise_file = load_file(need(options.noise))
    noise = []
    for layer, description in enumerate(model["encoder"]):
        shape = (len(images), options.samples, description["latent"])
        found = noise_file.get(f"noise.{layer}")
        if found is None or found.shape != shape:
            fail(f"'{options.noise}' needs noise.{layer} of the shape {list(shape)}, found "
                 f"{None if found is None else list(found.shape)}.")
        noise.append(found.double())
    with torch.no_grad():
        log_weights = autoencoder.log_weights(images, noise)
    bounds = torch.logsumexp(log_weights, 1) - math.log(options.samples)
    expected = {"log_weights": log_weights[:, None, :], "image_bounds": bounds,
                "bound": bounds.mean()[None]}
    written = load_file(need(options.gradient))
    for name, values in expected.items():
        if name not in written:
            fail(f"'{options.gradient}' has no '{name}'.")
        check(name, written[name].double(), values, options.limit)
    print(f"{options.checkpoint}: PyTorch and iwae-gpu agree")


if __name__ == "__main__":
    main()
