"""Checks that `iwae-gpu data info` finds in files of NumPy, SciPy and Pillow what they hold.

    check_readers.py PROGRAM
"""
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image
from scipy.io import savemat

from agreement import fail

COUNT, HEIGHT, WIDTH = 40, 6, 9


def info(program, path):
    result = subprocess.run(
        [program, "data", "info", str(path), "--json"], capture_output=True, text=True)
    if result.returncode:
        fail(f"'{path}' was refused: {result.stderr.strip()}")
    return json.loads(result.stdout)


def write_files(folder, grey, real):
    """Writes the images in every form; yields each path with the numbers that it holds."""
    def saved(name, write, values):
        path = folder / name
        write(path)
        return path, values

    unit = grey / 255
    binary = (grey > 99).astype(np.uint8)
    yield saved("bytes.npy", lambda path: np.save(path, grey), unit)
    yield saved("fortran.npy", lambda path: np.save(path, np.asfortranarray(grey)), unit)
    yield saved("bool.npy", lambda path: np.save(path, grey > 99), binary)
    for kind in ("<f4", ">f4", "<f8", ">f8", "<i2", ">i8", "<u4"):
        values = real if kind[1] == "f" else grey
        yield saved(
            f"{kind[1:]}{'be' if kind[0] == '>' else ''}.npy",
            lambda path: np.save(path, values.astype(kind)), values.astype(kind))
    yield saved("stored.npz", lambda path: np.savez(path, images=grey), unit)
    yield saved("deflated.npz", lambda path: np.savez_compressed(path, x=real), real)
    flat = grey.reshape(COUNT, -1)
    for compressed in (False, True):
        yield saved(
            f"compressed-{compressed}.mat",
            lambda path: savemat(path, {"data": flat, "note": "text"}, do_compression=compressed),
            unit)
    yield saved("double.mat", lambda path: savemat(path, {"X": real.reshape(COUNT, -1)}), real)
    yield saved(
        "text.amat", lambda path: np.savetxt(path, binary.reshape(COUNT, -1), fmt="%d"), binary)
    yield saved("text.amat.gz", lambda path: np.savetxt(path, real.reshape(COUNT, -1)), real)
    header = np.array([0x803, COUNT, HEIGHT, WIDTH], ">u4").tobytes()
    yield saved(
        "x-idx3-ubyte.gz",
        lambda path: path.write_bytes(gzip.compress(header + grey.tobytes())), unit)

    def write_images(path):
        path.mkdir()
        for index, image in enumerate(grey):
            Image.fromarray(image).save(path / f"{index}.png", optimize=index % 2 == 0)
    yield saved("png", write_images, unit)


def main():
    program = sys.argv[1]
    generator = np.random.default_rng(2)
    grey = generator.integers(0, 256, (COUNT, HEIGHT, WIDTH), dtype=np.uint8)
    # Each image is brighter than the one before: a wrong order of axes changes the means.
    real = generator.normal(size=grey.shape).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        count = 0
        for path, values in write_files(pathlib.Path(folder), grey, real):
            found = info(program, path)
            (part,) = found["parts"]
            expected = {
                "images": COUNT, "width": HEIGHT * WIDTH, "mean": float(np.mean(values)),
                "minimum": float(np.min(values)), "maximum": float(np.max(values))}
            for key, value in expected.items():
                if not abs(part[key] - value) <= 1e-6 * max(1, abs(value)):
                    fail(f"{path.name}: {key} is {part[key]}, expected {value}.")
            print(f"  {path.name}: {found['format']}, mean {part['mean']:.6f}")
            count += 1
    print(f"{count} files hold what was written")


if __name__ == "__main__":
    main()
