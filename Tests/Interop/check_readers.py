"""Checks that iwae-gpu reads from files of NumPy, SciPy and Pillow the very numbers they hold.

    check_readers.py PROGRAM

The numbers come back through `iwae-gpu export --arrays`, which writes the images that it read.
"""
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from scipy.io import savemat

from agreement import fail

COUNT, HEIGHT, WIDTH = 40, 6, 9


def save_model(path):
    """A checkpoint of a Gaussian likelihood, to which images may have any values."""
    size = HEIGHT * WIDTH
    shapes = {
        "encoder.0.mean": (1, size), "encoder.0.log_sigma": (1, size), "decoder.0.mean": (size, 1),
        "decoder.0.log_sigma": (size, 1)}
    tensors = {}
    for name, shape in shapes.items():
        tensors[f"{name}.weight"] = np.zeros(shape, np.float32)
        tensors[f"{name}.bias"] = np.zeros(shape[0], np.float32)
    model = {
        "data_size": size, "activation": "tanh", "likelihood": "gaussian",
        "encoder": [{"hidden": [], "latent": 1}], "decoder": [{"hidden": []}]}
    save_file(tensors, path, metadata={"model": json.dumps(model)})


def read(program, model, path, out):
    result = subprocess.run(
        [program, "export", model, "--data", path, "--arrays", out, "--backend", "cpu", "--quiet"],
        capture_output=True, text=True)
    if result.returncode:
        fail(f"'{path}' was refused: {result.stderr.strip()}")
    images = np.load(out / "images.npy")
    return images.reshape(len(images), -1)


def write_files(folder, grey, real):
    """Writes the images in every form; yields each path with the numbers that it holds."""
    def saved(name, write, values):
        path = folder / name
        write(path)
        return path, values

    # Bytes are taken as they are where the likelihood is of any numbers, but for pictures.
    binary = (grey > 99).astype(np.uint8)
    yield saved("bytes.npy", lambda path: np.save(path, grey), grey)
    yield saved("fortran.npy", lambda path: np.save(path, np.asfortranarray(grey)), grey)
    yield saved("bool.npy", lambda path: np.save(path, grey > 99), binary)
    for kind in ("<f4", ">f4", "<f8", ">f8", "<i2", ">i8", "<u4"):
        values = real if kind[1] == "f" else grey
        yield saved(
            f"{kind[1:]}{'be' if kind[0] == '>' else ''}.npy",
            lambda path: np.save(path, values.astype(kind)), values.astype(kind))
    yield saved("stored.npz", lambda path: np.savez(path, images=grey), grey)
    yield saved("deflated.npz", lambda path: np.savez_compressed(path, x=real), real)
    flat = grey.reshape(COUNT, -1)
    for compressed in (False, True):
        yield saved(
            f"compressed-{compressed}.mat",
            lambda path: savemat(path, {"data": flat, "note": "text"}, do_compression=compressed),
            grey)
    yield saved("double.mat", lambda path: savemat(path, {"X": real.reshape(COUNT, -1)}), real)
    yield saved(
        "text.amat", lambda path: np.savetxt(path, binary.reshape(COUNT, -1), fmt="%d"), binary)
    yield saved("text.amat.gz", lambda path: np.savetxt(path, real.reshape(COUNT, -1)), real)
    header = np.array([0x803, COUNT, HEIGHT, WIDTH], ">u4").tobytes()
    yield saved(
        "x-idx3-ubyte.gz",
        lambda path: path.write_bytes(gzip.compress(header + grey.tobytes())), grey)

    def write_images(path):
        path.mkdir()
        for index, image in enumerate(grey):
            Image.fromarray(image).save(path / f"{index}.png", optimize=index % 2 == 0)
    yield saved("png", write_images, grey / 255)


def main():
    program = sys.argv[1]
    generator = np.random.default_rng(2)
    grey = generator.integers(0, 256, (COUNT, HEIGHT, WIDTH), dtype=np.uint8)
    real = generator.normal(size=grey.shape).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        model = folder / "model.safetensors"
        save_model(model)
        count = 0
        for path, values in write_files(folder, grey, real):
            found = read(program, model, path, folder / "out")
            expected = np.asarray(values, np.float32).reshape(COUNT, -1)
            if found.shape != expected.shape:
                fail(f"{path.name}: the shape is {found.shape}, expected {expected.shape}.")
            # Grey levels are divided in one precision here and in another there.
            error = float(np.max(np.abs(found - expected)))
            if not error <= 1e-7 * max(1, float(np.max(np.abs(expected)))):
                fail(f"{path.name}: the largest error is {error:.2e}.")
            print(f"  {path.name} {list(found.shape)}: largest error {error:.1e}")
            count += 1
    print(f"{count} files hold what was written")


if __name__ == "__main__":
    main()
