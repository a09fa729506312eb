"""Checks that the referee gives the numbers that pythae and PyTorch compute of pythae's own model.

    check_referee.py PROGRAM

The model is saved as safetensors and as two ONNX graphs. Compared are -L_1 and -L_5000 on some
images, the latter as pythae's `get_nll` finds it too, within five errors over draws of the samples.
"""
import argparse
import json
import math
import subprocess
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from pythae.models import IWAE, IWAEConfig
from safetensors.torch import save_file
from torch import nn

from agreement import fail

SIZE, LATENT, IMAGES, SAMPLES = 36, 3, 15, 5000
# Samples of a chunk of `get_nll`.
CHUNK = 2500


def model():
    """A model whose encoder is some way from the posterior."""
    torch.manual_seed(3)
    result = IWAE(IWAEConfig(
        input_dim=(SIZE,), latent_dim=LATENT, number_samples=5, reconstruction_loss="bce"))
    with torch.no_grad():
        for parameter in result.parameters():
            parameter *= 2.5
    return result


def bounds(autoencoder, images):
    """-L_1 and -L_k of all samples, with the error of each over draws, in float64."""
    autoencoder = autoencoder.double()
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    x = torch.from_numpy(images).double()
    with torch.no_grad():
        hidden = encoder.layers[0](x)
        mean, log_variance = encoder.embedding(hidden), encoder.log_var(hidden)
        noise = torch.randn(SAMPLES, IMAGES, LATENT, dtype=torch.float64)
        latent = mean + noise * (log_variance / 2).exp()
        logits = decoder.layers[1][0](decoder.layers[0](latent))
        log_weights = (
            (x * logits - nn.functional.softplus(logits)).sum(-1)
            - 0.5 * (latent**2).sum(-1) + 0.5 * (noise**2 + log_variance).sum(-1))
    one = log_weights.std(0) / math.sqrt(SAMPLES)
    whole = torch.logsumexp(log_weights, 0) - math.log(SAMPLES)
    weights = (log_weights - log_weights.max(0).values).exp()
    error = weights.std(0) / weights.mean(0) / math.sqrt(SAMPLES)
    autoencoder.float()
    return [(-float(value.mean()), float(spread.square().sum().sqrt()) / IMAGES)
            for value, spread in ((log_weights.mean(0), one), (whole, error))]


def own_bound(autoencoder, images):
    """-L_k of all samples as pythae finds it, in float64."""
    with torch.no_grad():
        result = autoencoder.double().get_nll(
            torch.from_numpy(images).double(), n_samples=SAMPLES, batch_size=CHUNK)
    autoencoder.float()
    # Called so, it is the log-likelihood itself, not negated.
    return -float(result)


def write_graph(path, name, columns, layers, outputs):
    """A graph of Gemm and ReLU, as exporters write dense layers."""
    nodes, arrays, values = [], [], {"input": "input"}
    for result, source, layer, function in layers:
        arrays += [
            numpy_helper.from_array(layer.weight.detach().numpy(), f"{result}.weight"),
            numpy_helper.from_array(layer.bias.detach().numpy(), f"{result}.bias")]
        product = f"{result}.product" if function else result
        nodes.append(helper.make_node(
            "Gemm", [values[source], f"{result}.weight", f"{result}.bias"], [product], transB=1))
        if function:
            nodes.append(helper.make_node(function, [product], [result]))
        values[result] = result
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", columns])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", None])
         for output in outputs], arrays)
    proto = helper.make_model(graph)
    onnx.checker.check_model(proto)
    onnx.save(proto, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    program = parser.parse_args().program
    autoencoder = model()
    images = (np.random.default_rng(5).random((IMAGES, SIZE)) < 0.3).astype(np.float32)
    np.save("referee.npy", images)
    save_file(autoencoder.state_dict(), "pythae.safetensors")
    encoder, decoder = autoencoder.encoder, autoencoder.decoder
    write_graph("encoder.onnx", "encoder", SIZE, [
        ("hidden", "input", encoder.layers[0][0], "Relu"),
        ("mu", "hidden", encoder.embedding, None),
        ("logvar", "hidden", encoder.log_var, None)], ["mu", "logvar"])
    write_graph("decoder.onnx", "decoder", LATENT, [
        ("hidden", "input", decoder.layers[0][0], "Relu"),
        ("image", "hidden", decoder.layers[1][0], "Sigmoid")], ["image"])
    expected = bounds(autoencoder, images)
    (one, spread), (whole, error) = expected
    # Both draw as many samples: the error of one is that of the other.
    references = [
        ("PyTorch", 1, one, spread), ("PyTorch", SAMPLES, whole, error),
        ("pythae", SAMPLES, own_bound(autoencoder, images), error)]
    for arguments in (["pythae.safetensors"], ["encoder.onnx", "--decoder", "decoder.onnx"]):
        claimed = f"{whole:.2f}"
        output = subprocess.run(
            [program, "referee", *arguments, "--data", "referee.npy", "--samples", str(SAMPLES),
             "--claimed", claimed, "--certify", "0.2", "--json", "--quiet"],
            check=True, capture_output=True, text=True).stdout
        report = json.loads(output)
        found = {bound["samples"]: bound for bound in report["bounds"]}
        for name, samples, value, error in references:
            bound = found[samples]
            allowed = 5 * math.hypot(error, bound["standard_error"]) + 1e-4
            difference = abs(bound["nll"] - value)
            print(f"  {arguments[0]}, -L_{samples}: {bound['nll']:.4f} ± "
                  f"{bound['standard_error']:.4f}, {name} {value:.4f} ± {error:.4f}")
            if not difference <= allowed:
                fail(f"{arguments[0]}, -L_{samples}: {bound['nll']} and {name}'s {value} are "
                     f"{difference} apart, allowed are {allowed}.")
        if report["claim"]["verdict"] not in ("supported", "is_bound"):
            fail(f"{arguments[0]}: the claim {claimed} is PyTorch's own number, and is judged "
                 f"{report['claim']['verdict']}.")
    print("the referee, pythae and PyTorch agree")


if __name__ == "__main__":
    sys.exit(main())
