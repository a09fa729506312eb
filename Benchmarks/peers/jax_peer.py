"""JAX: the whole step is one jitted function with its parameters donated; Adam is optax's.

Noise is drawn inside the step by XLA's own generator (`rbg`), which is faster here than the default
threefry. Evaluation is one jitted scan over chunks of samples.
"""
import harness

import jax
import jax.numpy as jnp
import numpy as np
import optax

import model as models

# Samples of a chunk of an evaluation: 20 images x 50 was the fastest of 10 to 500.
CHUNK = 50


def apply(network, parameters, values):
    """The heads of a network: [..., inputs] to a list of [..., outputs]."""
    *hidden, = [parameters[name] for name, _, _ in network.linear_layers()]
    heads = hidden[len(network.hidden):]
    for weight, bias in hidden[:len(network.hidden)]:
        values = jnp.tanh(values @ weight + bias)
    return [values @ weight + bias for weight, bias in heads]
