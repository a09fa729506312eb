"""tinygrad on its OpenCL device: the step and a chunk of an evaluation are TinyJit functions.

On a CPU the device is PoCL's, the one that iwae-gpu runs on. Kernels are tinygrad's default ones;
its search for better ones (BEAM=2 in the environment) is the user's to switch on and takes minutes.
"""
import importlib.metadata
import math
import os

os.environ.setdefault("DEV", "CL")

import harness

import numpy as np
from tinygrad import Context, Tensor, TinyJit
from tinygrad.nn import optim

import model as models

# Samples of a chunk of an evaluation: of 50 to 1,000, for 20 images, 500 was the fastest.
CHUNK = 500


def apply(network, parameters, values):
    """The heads of a network: [..., inputs] to one [..., outputs] per head."""
    layers = [parameters[name] for name, _, _ in network.linear_layers()]
    hidden, heads = layers[:len(network.hidden)], layers[len(network.hidden):]
    for weight, bias in hidden:
        values = values.linear(weight.T, bias).tanh()
    return [values.linear(weight.T, bias) for weight, bias in heads]


def bounds(model, parameters, images, noise):
    """The importance-weighted bound of each image: [batch].

    The constants of the Gaussians cancel, and (h - mean) / sigma of q is the noise itself.
    """
    images = images.float().unsqueeze(1)
    latents, result, below = [], 0.0, images
    for network, draws in zip(model.encoder, noise):
        mean, log_sigma = apply(network, parameters, below)
        below = mean + log_sigma.exp() * draws
        result = result + (0.5 * draws.square() + log_sigma).sum(-1)
        latents.append(below)
    result = result - 0.5 * latents[-1].square().sum(-1)
    for network, above, value in zip(model.decoder, latents[::-1], latents[-2::-1]):
        mean, log_sigma = apply(network, parameters, above)
        scaled = (value - mean) * (-log_sigma).exp()
        result = result - (0.5 * scaled.square() + log_sigma).sum(-1)
    (logits,) = apply(model.decoder[-1], parameters, latents[0])
    result = result + (images * logits - logits.softplus()).sum(-1)
    return result.logsumexp(1) - math.log(result.shape[1])


class TinygradPeer(harness.Peer):
    name = "tinygrad"

    def __init__(self, model, weights, options):
        Tensor.manual_seed(0)
        self.model, self.options = model, options
        self.chunk = models.chunk_size(options.samples, CHUNK)
        self.load(weights)

    def load(self, weights):
        self.parameters = {
            name: (Tensor(weights[f"{name}.weight"]), Tensor(weights[f"{name}.bias"]))
            for network in self.model.encoder + self.model.decoder
            for name, _, _ in network.linear_layers()}
        self.optimizer = optim.Adam(
            [tensor for pair in self.parameters.values() for tensor in pair],
            lr=models.LEARNING_RATE, b1=models.BETA1, b2=models.BETA2, eps=models.EPSILON)
        self.jitted_step = TinyJit(self.train_step)
        self.jitted_chunk = TinyJit(self.chunk_bounds)

    def version(self):
        return f"{importlib.metadata.version('tinygrad')}, DEV={os.environ['DEV']}"

    def draw(self, batch, samples):
        return [Tensor.randn(batch, samples, latent) for latent in self.model.latents]

    def train_step(self, images):
        noise = self.draw(images.shape[0], self.options.k)
        with Context(TRAINING=1):
            self.optimizer.zero_grad()
            loss = -bounds(self.model, self.parameters, images, noise).mean()
            loss.backward()
            return loss.realize(*self.optimizer.schedule_step())

    def chunk_bounds(self, images):
        noise = self.draw(images.shape[0], self.chunk)
        return bounds(self.model, self.parameters, images, noise).realize()

    def step(self, images):
        return self.jitted_step(Tensor(images).realize()).item()

    def bounds(self, images, noise):
        return bounds(
            self.model, self.parameters, Tensor(images), [Tensor(layer) for layer in noise]
        ).numpy()

    def evaluate(self, images):
        images = Tensor(images).realize()
        return self.average([
            self.jitted_chunk(images).numpy()
            for _ in range(self.options.samples // self.chunk)])

    def log_likelihoods(self, images, noise):
        chunks = zip(*(
            np.split(layer, self.options.samples // self.chunk, axis=1) for layer in noise))
        return self.average([self.bounds(images, chunk) for chunk in chunks])

    def average(self, chunks):
        """The bound of all samples out of the bounds of equal chunks of them."""
        return models.log_mean_exp(np.stack(chunks, axis=1).astype(np.float64))


if __name__ == "__main__":
    harness.main(TinygradPeer)
