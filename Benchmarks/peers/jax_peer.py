"""JAX: the whole training step is one jitted function whose state is donated; Adam is optax's.

An evaluation is one jitted scan over chunks of samples. Noise is drawn inside both.
"""
import functools
import math

import harness

import jax
import jax.numpy as jnp
import numpy as np
import optax

import model as models

# Samples of a chunk of an evaluation: of 5 to 100, for 20 images, 50 was the fastest.
CHUNK = 50

optimizer = optax.adam(
    models.LEARNING_RATE, b1=models.BETA1, b2=models.BETA2, eps=models.EPSILON)


def apply(network, parameters, values):
    """The heads of a network: [..., inputs] to one [..., outputs] per head."""
    layers = [parameters[name] for name, _, _ in network.linear_layers()]
    hidden, heads = layers[:len(network.hidden)], layers[len(network.hidden):]
    for weight, bias in hidden:
        values = jnp.tanh(values @ weight + bias)
    return [values @ weight + bias for weight, bias in heads]


def encode(model, parameters, images):
    """The lowest encoder's heads, which do not depend on the noise."""
    return apply(model.encoder[0], parameters, images[:, None, :])


def log_weights(model, parameters, images, noise, lowest):
    """log p(x|h) + log p(h) - log q(h|x): [batch, samples]. `lowest` is what `encode` found.

    The constants of the Gaussians cancel, and (h - mean) / sigma of q is the noise itself.
    """
    latents, result, below = [], 0.0, None
    for network, draws in zip(model.encoder, noise):
        mean, log_sigma = lowest if below is None else apply(network, parameters, below)
        below = mean + jnp.exp(log_sigma) * draws
        result += jnp.sum(0.5 * draws ** 2 + log_sigma, axis=-1)
        latents.append(below)
    result -= 0.5 * jnp.sum(latents[-1] ** 2, axis=-1)
    for network, above, value in zip(model.decoder, latents[::-1], latents[-2::-1]):
        mean, log_sigma = apply(network, parameters, above)
        scaled = (value - mean) * jnp.exp(-log_sigma)
        result -= jnp.sum(0.5 * scaled ** 2 + log_sigma, axis=-1)
    (logits,) = apply(model.decoder[-1], parameters, latents[0])
    return result + jnp.sum(images[:, None, :] * logits - jax.nn.softplus(logits), axis=-1)


def bounds(model, parameters, images, noise, lowest=None):
    """The importance-weighted bound of each image: [batch]."""
    images = images.astype(jnp.float32)
    values = log_weights(
        model, parameters, images, noise, lowest or encode(model, parameters, images))
    return jax.nn.logsumexp(values, axis=1) - math.log(values.shape[1])


def draw(model, key, batch, samples):
    return [
        jax.random.normal(layer_key, (batch, samples, latent)) for layer_key, latent
        in zip(jax.random.split(key, len(model.latents)), model.latents)]


def train_step(model, samples, state, images):
    """One step of Adam: the next state and the loss."""
    parameters, moments, key = state
    key, step_key = jax.random.split(key)
    noise = draw(model, step_key, images.shape[0], samples)

    def loss(parameters):
        return -jnp.mean(bounds(model, parameters, images, noise))

    value, gradient = jax.value_and_grad(loss)(parameters)
    updates, moments = optimizer.update(gradient, moments, parameters)
    return (optax.apply_updates(parameters, updates), moments, key), value


def log_likelihoods(model, noise_of_chunk, parameters, images, chunks):
    """log p(x) of each image; `chunks` is what `noise_of_chunk` makes each chunk's noise of."""
    lowest = encode(model, parameters, images.astype(jnp.float32))

    def add_chunk(total, chunk):
        values = bounds(model, parameters, images, noise_of_chunk(chunk), lowest)
        return jnp.logaddexp(total, values), None

    start = jnp.full(images.shape[0], -jnp.inf)
    total, _ = jax.lax.scan(add_chunk, start, chunks)
    return total - math.log(len(jax.tree.leaves(chunks)[0]))


class JAXPeer(harness.Peer):
    name = "jax"

    def __init__(self, model, weights, options):
        self.model = model
        self.chunk = models.chunk_size(options.samples, CHUNK)
        self.chunk_count = options.samples // self.chunk
        self.jitted_step = jax.jit(
            functools.partial(train_step, model, options.k), donate_argnums=0)
        self.jitted_bounds = jax.jit(functools.partial(bounds, model))
        self.jitted_evaluation = jax.jit(functools.partial(
            log_likelihoods, model, lambda key: draw(model, key, options.batch, self.chunk)))
        self.jitted_check = jax.jit(functools.partial(
            log_likelihoods, model, lambda noise: noise))
        self.load(weights)

    def load(self, weights):
        parameters = {
            name: (jnp.array(weights[f"{name}.weight"].T), jnp.array(weights[f"{name}.bias"]))
            for network in self.model.encoder + self.model.decoder
            for name, _, _ in network.linear_layers()}
        self.state = (parameters, optimizer.init(parameters), jax.random.key(0))
        self.evaluation_key = jax.random.key(1)

    def version(self):
        return f"{jax.__version__}, optax {optax.__version__}"

    def step(self, images):
        self.state, loss = self.jitted_step(self.state, images)
        jax.block_until_ready(self.state)
        return float(loss)

    def bounds(self, images, noise):
        return np.asarray(self.jitted_bounds(self.state[0], images, noise))

    def evaluate(self, images):
        self.evaluation_key, key = jax.random.split(self.evaluation_key)
        keys = jax.random.split(key, self.chunk_count)
        return np.asarray(self.jitted_evaluation(self.state[0], images, keys))

    def log_likelihoods(self, images, noise):
        chunks = [
            np.swapaxes(layer.reshape(len(images), -1, self.chunk, layer.shape[-1]), 0, 1)
            for layer in noise]
        return np.asarray(self.jitted_check(self.state[0], images, chunks))


if __name__ == "__main__":
    harness.main(JAXPeer)
