"""Checks that the referee gives the numbers that PyTorch computes of its own models.

    check_referee.py PROGRAM

A model with the layers of pythae's dense one (pythae's own, where it is installed) is saved as
safetensors and as two ONNX graphs. Compared are -L_1 and -L_5000 on some images, within five errors
over draws of the samples.
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
from safetensors.torch import save_file
from torch import nn

from agreement import fail, skip

SIZE, LATENT, HIDDEN, IMAGES, SAMPLES = 36, 3, 512, 15, 5000


class Encoder(nn.Module):
    """The layers of pythae's encoder of dense layers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(SIZE, HIDDEN), nn.ReLU())])
        self.embedding = nn.Linear(HIDDEN, LATENT)
        self.log_var = nn.Linear(HIDDEN, LATENT)


class Decoder(nn.Module):
    """Those of its decoder."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([
            nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU()),
            nn.Sequential(nn.Linear(HIDDEN, SIZE), nn.Sigmoid())])


class Autoencoder(nn.Module):
    """Both."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()


def model():
    """A model whose encoder is some way from the posterior."""
    torch.manual_seed(3)
    try:
        from pythae.models import IWAE, IWAEConfig

        result = IWAE(IWAEConfig(
            input_dim=(SIZE,), latent_dim=LATENT, number_samples=5, reconstruction_loss="bce"))
        print("  pythae's own IWAE")
    except ImportError:
        skip("pythae's own model, for pythae is not installed")
        result = Autoencoder()
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
    for arguments in (["pythae.safetensors"], ["encoder.onnx", "--decoder", "decoder.onnx"]):
        claimed = f"{expected[1][0]:.2f}"
        output = subprocess.run(
            [program, "referee", *arguments, "--data", "referee.npy", "--samples", str(SAMPLES),
             "--claimed", claimed, "--certify", "0.2", "--json", "--quiet"],
            check=True, capture_output=True, text=True).stdout
        report = json.loads(output)
        found = {bound["samples"]: bound for bound in report["bounds"]}
        for samples, (value, error) in zip((1, SAMPLES), expected):
            bound = found[samples]
            allowed = 5 * math.hypot(error, bound["standard_error"]) + 1e-4
            difference = abs(bound["nll"] - value)
            print(f"  {arguments[0]}, -L_{samples}: {bound['nll']:.4f}, PyTorch {value:.4f} "
                  f"± {error:.4f}")
            if not difference <= allowed:
                fail(f"{arguments[0]}, -L_{samples}: {bound['nll']} and {value} are {difference} "
                     f"apart, allowed are {allowed}.")
        if report["claim"]["verdict"] not in ("supported", "is_bound"):
            fail(f"{arguments[0]}: the claim {claimed} is PyTorch's own number, and is judged "
                 f"{report['claim']['verdict']}.")
    print("the referee and PyTorch agree")


if __name__ == "__main__":
    sys.exit(main())
