"""Checks that iwae-gpu computes the bound that the peers are checked to compute.

The same weights, images and noise go to `iwae-gpu gradient`; prints one JSON object like a peer's.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import harness
import model as models


def write_tensors(path, tensors, metadata=None):
    """A safetensors file: the length of a JSON header, the header, and the arrays."""
    header, offset = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name, array in tensors.items():
        header[name] = {
            "dtype": "F32", "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(
        len(text).to_bytes(8, "little") + text
        + b"".join(np.ascontiguousarray(array).tobytes() for array in tensors.values()))


def read_tensor(path, name):
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    entry = json.loads(content[8:start])[name]
    first, last = (start + offset for offset in entry["data_offsets"])
    return np.frombuffer(content[first:last], np.float32).reshape(entry["shape"])


def description(model):
    """The checkpoint's account of the model."""
    return json.dumps({
        "data_size": models.DATA_SIZE, "activation": "tanh", "likelihood": "bernoulli",
        "encoder": [
            {"hidden": list(network.hidden), "latent": latent}
            for network, latent in zip(model.encoder, model.latents)],
        "decoder": [{"hidden": list(network.hidden)} for network in model.decoder]})


def main():
    program, name, batch, samples = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    model = models.MODELS[name]
    weights = models.starting_weights(model)
    images = models.image_batches(batch, 1)[0]
    noise = models.noise(model, batch, samples)
    expected = models.log_mean_exp(models.reference_log_weights(model, weights, images, noise))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write_tensors(folder / "checkpoint.safetensors", weights, {"model": description(model)})
        write_tensors(
            folder / "noise.safetensors",
            {f"noise.{layer}": array for layer, array in enumerate(noise)})
        np.save(folder / "images.npy", images.astype(np.float32))
        subprocess.run(
            [program, "gradient", folder / "checkpoint.safetensors",
             "--data", folder / "images.npy", "--noise", folder / "noise.safetensors",
             "--objective", "iwae", "-k", str(samples), "--out", folder / "out.safetensors",
             "--quiet"], check=True)
        found = read_tensor(folder / "out.safetensors", "image_bounds")
    error = harness.worst_difference(found, expected)
    report = {"bound": float(np.mean(expected)), "bound_error": error}
    if not error <= harness.TOLERANCE:
        report["failure"] = f"the bound differs from the float64 reference by {error:g}."
    print(json.dumps(report))


if __name__ == "__main__":
    main()
