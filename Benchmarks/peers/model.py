"""The models that are compared: sizes, starting weights, images, noise, and the bound in float64.

Every peer takes its sizes, weights and images from here, and has to compute the bound that
`reference_log_weights` gives for the same noise before it is timed. Imports NumPy alone.
"""
import dataclasses
import math

import numpy as np

DATA_SIZE = 784
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-4
GAUSSIAN, BERNOULLI = ("mean", "log_sigma"), ("logits",)


@dataclasses.dataclass(frozen=True)
class Network:
    """tanh layers under linear heads; a head is a Gaussian's mean and log-sigma, or logits."""
    name: str
    input: int
    hidden: tuple
    output: int
    heads: tuple

    def linear_layers(self):
        """The (name, inputs, outputs) of each linear layer: the hidden ones, then the heads."""
        sizes = (self.input, *self.hidden)
        for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            yield f"{self.name}.hidden.{index}", inputs, outputs
        for head in self.heads:
            yield f"{self.name}.{head}", sizes[-1], self.output


@dataclasses.dataclass(frozen=True)
class Model:
    """Encoder networks upwards from the data, decoder networks downwards from the top latent."""
    encoder: tuple
    decoder: tuple

    @property
    def latents(self):
        """The size of each stochastic layer, upwards from the data."""
        return [network.output for network in self.encoder]

    def parameter_count(self):
        return sum(
            (inputs + 1) * outputs for network in self.encoder + self.decoder
            for _, inputs, outputs in network.linear_layers())


MODELS = {
    # One stochastic layer of 50 units (Burda et al. 2016).
    "burda-1": Model(
        encoder=(Network("encoder.0", DATA_SIZE, (200, 200), 50, GAUSSIAN),),
        decoder=(Network("decoder.0", 50, (200, 200), DATA_SIZE, BERNOULLI),)),
    # Two stochastic layers, of 100 and 50 units.
    "burda-2": Model(
        encoder=(
            Network("encoder.0", DATA_SIZE, (200, 200), 100, GAUSSIAN),
            Network("encoder.1", 100, (100, 100), 50, GAUSSIAN)),
        decoder=(
            Network("decoder.0", 50, (100, 100), 100, GAUSSIAN),
            Network("decoder.1", 100, (200, 200), DATA_SIZE, BERNOULLI))),
}


def starting_weights(model, seed=1):
    """Glorot weights [out, in] and small biases, float32, by name (biases not zero: they count)."""
    generator = np.random.default_rng(seed)
    weights = {}
    for network in model.encoder + model.decoder:
        for name, inputs, outputs in network.linear_layers():
            scale = math.sqrt(2 / (inputs + outputs))
            weight = scale * generator.standard_normal((outputs, inputs))
            weights[f"{name}.weight"] = weight.astype(np.float32)
            bias = 0.05 * generator.standard_normal(outputs)
            weights[f"{name}.bias"] = bias.astype(np.float32)
    return weights


def image_batches(batch, count, seed=2):
    """Batches of noisy discs, which can be learned: zeros and ones, uint8 [count, batch, data]."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:28, 0:28]
    centres = generator.uniform(8, 20, (count, batch, 2, 1, 1))
    distances = np.hypot(rows - centres[:, :, 0], columns - centres[:, :, 1])
    probabilities = np.where(distances < 6, 0.9, 0.02).reshape(count, batch, DATA_SIZE)
    return (generator.random(probabilities.shape) < probabilities).astype(np.uint8)


def noise(model, batch, samples, seed=3):
    """Standard normals for the check: a float32 [batch, samples, latent] for each latent layer."""
    generator = np.random.default_rng(seed)
    return [
        generator.standard_normal((batch, samples, latent), dtype=np.float32)
        for latent in model.latents]


def chunk_size(samples, at_most):
    """The largest chunk of at most `at_most` samples that divides `samples`."""
    return next(size for size in range(min(samples, at_most), 0, -1) if samples % size == 0)


def reference_log_weights(model, weights, images, noise):
    """log w = log p(x|h) + log p(h) - log q(h|x) in float64: [batch, samples].

    One image at a time, which keeps 5,000 samples of 20 images small.
    """
    weights = {name: array.astype(np.float64) for name, array in weights.items()}

    def apply(network, values):
        for index in range(len(network.hidden)):
            name = f"{network.name}.hidden.{index}"
            values = np.tanh(values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])
        return [
            values @ weights[f"{network.name}.{head}.weight"].T
            + weights[f"{network.name}.{head}.bias"] for head in network.heads]

    def log_normal(values, mean, log_sigma):
        scaled = (values - mean) * np.exp(-log_sigma)
        return np.sum(-0.5 * (scaled ** 2 + math.log(2 * math.pi)) - log_sigma, axis=-1)

    def of_image(image, noise):
        latents, result, below = [], 0.0, image[None, :]
        for network, draws in zip(model.encoder, noise):
            mean, log_sigma = apply(network, below)
            below = mean + np.exp(log_sigma) * draws.astype(np.float64)
            result = result - log_normal(below, mean, log_sigma)
            latents.append(below)
        result = result + log_normal(latents[-1], np.zeros(1), np.zeros(1))
        for network, above, value in zip(model.decoder, latents[::-1], latents[-2::-1]):
            result = result + log_normal(value, *apply(network, above))
        (logits,) = apply(model.decoder[-1], latents[0])
        return result + np.sum(image * logits - np.logaddexp(0, logits), axis=-1)

    return np.stack([
        of_image(image.astype(np.float64), [layer[index] for layer in noise])
        for index, image in enumerate(images)])


def log_mean_exp(log_weights):
    """The bound of each image: [batch, samples] to [batch]."""
    largest = log_weights.max(axis=1, keepdims=True)
    return np.log(np.mean(np.exp(log_weights - largest), axis=1)) + largest[:, 0]
