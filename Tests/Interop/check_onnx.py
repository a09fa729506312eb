"""Checks exported ONNX graphs against the checkpoint's mathematics in float64.

    check_onnx.py CHECKPOINT.safetensors ONNX_FOLDER [ARRAYS_FOLDER] [--tolerance 1e-5]

Both graphs are run with onnxruntime on random images, noise and labels. ARRAYS_FOLDER is what `iwae-gpu
export --arrays` wrote: images, their labels, and the noise, the heads and the latent of each layer;
reconstructions come from the decoder, given the topmost latent and the noise of the layers below.
"""
import argparse

import numpy as np
import onnxruntime
from safetensors import safe_open

from agreement import Comparisons, fail, images_of, model_description, need
from densities import Likelihood, Posterior, sigmoid

ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.logaddexp(x, 0),
}


class Reference:
    """The model in float64, written out from the checkpoint."""

    def __init__(self, path):
        with safe_open(path, "numpy") as file:
            self.model = model_description(file.metadata(), path)
            self.tensors = {name: file.get_tensor(name).astype(np.float64) for name in file.keys()}
        self.layers = len(self.model["encoder"])
        self.latents = [layer["latent"] for layer in self.model["encoder"]]
        self.classes = self.model.get("condition")
        self.likelihood = Likelihood(self.model["likelihood"])
        self.is_bernoulli = self.likelihood.family == "bernoulli"
        self.posteriors = [
            Posterior(layer.get("posterior", "gaussian"), self.coupling(index))
            for index, layer in enumerate(self.model["encoder"])]

    def linear(self, name, x):
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def hidden(self, name, x, kind):
        value = self.linear(name, x)
        if kind == "gated":
            return value * sigmoid(self.linear(f"{name}.gate", x))
        value = ACTIVATIONS[self.model["activation"]](value)
        return x + value if kind == "residual" and x.shape == value.shape else value

    def network(self, name, hidden, heads, x, kind="dense"):
        """The heads of a network with so many hidden layers."""
        for index in range(hidden):
            x = self.hidden(f"{name}.hidden.{index}", x, kind)
        return {head: self.linear(f"{name}.{head}", x) for head in heads}

    def heads(self, kind, position, names, x):
        """The heads of the network at a position of the encoder or decoder."""
        return self.network(
            f"{kind}.{position}", len(self.model[kind][position]["hidden"]), names, x,
            self.model.get("hidden_kind", "dense"))

    def coupling(self, layer):
        """The networks of a posterior's coupling steps, which have dense layers."""
        def heads(step, hidden, x):
            return self.network(
                f"encoder.{layer}.flow.{step}", hidden, ["shift", "log_scale"], x)
        return heads

    def stochastic(self, kind, position, layer, posterior, x, inputs, outputs):
        """The sample of a layer, whose outputs are added to those there are."""
        heads = self.heads(kind, position, posterior.heads, x)
        outputs |= posterior.outputs(heads, inputs[f"noise.{layer}"], layer)
        return outputs[f"latent.{layer}"]

    def conditioned(self, x, inputs):
        return x if self.classes is None else np.concatenate([x, inputs["labels"]], axis=1)

    def encode(self, inputs):
        # 0 stands for a missing value.
        outputs, x = {}, self.conditioned(np.nan_to_num(inputs["images"], nan=0), inputs)
        for layer in range(self.layers):
            x = self.stochastic(
                "encoder", layer, layer, self.posteriors[layer], x, inputs, outputs)
        return outputs

    def decode(self, inputs):
        last = self.layers - 1
        outputs, x = {}, inputs[f"latent.{last}"]
        for position in range(last):
            # A latent given the one above is Gaussian.
            x = self.stochastic(
                "decoder", position, last - 1 - position, Posterior(), x, inputs, outputs)
        heads = self.heads(
            "decoder", last, self.likelihood.heads, self.conditioned(x, inputs))
        parameters = {
            name: self.tensors[f"likelihood.{name}"] for name in self.likelihood.parameters}
        return outputs | self.likelihood.outputs(heads, parameters)


def open_graph(path):
    """The graph at a path, checked against the format's own rules if their checker is installed."""
    need(path)
    try:
        import onnx
    except ImportError:
        print(f"{path}: not checked against the format's rules, onnx is not installed")
    else:
        try:
            onnx.checker.check_model(str(path), full_check=True)
        except Exception as error:  # Its errors have no base in common.
            fail(f"onnx.checker refuses '{path}': {error}")
        print(f"{path}: onnx.checker finds nothing")
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run_graph(session, inputs, expected_outputs):
    """The graph's outputs by their names; fails if its names are not the expected ones."""
    for kind, found, wanted in (
            ("inputs", session.get_inputs(), inputs),
            ("outputs", session.get_outputs(), expected_outputs)):
        names = {value.name for value in found}
        if names != set(wanted):
            fail(f"the graph's {kind} are {sorted(names)}, expected {sorted(wanted)}.")
    names = [value.name for value in session.get_outputs()]
    single = {name: array.astype(np.float32) for name, array in inputs.items()}
    return dict(zip(names, session.run(names, single)))


def check_random(reference, encoder, decoder, comparisons, seed):
    """Compares both graphs with the reference on random inputs."""
    generator = np.random.default_rng(seed)

    def normal(rows, columns):
        # Numbers that float32 has, so that both sides start from the same.
        return generator.standard_normal((rows, columns)).astype(np.float32).astype(np.float64)

    def noise(rows, layer):
        if reference.posteriors[layer].noise == "normal":
            return normal(rows, reference.latents[layer])
        # The odd multiples of 2^-24 in (0, 1).
        return (2 * generator.integers(1 << 23, size=(rows, reference.latents[layer])) + 1) / 2**24

    def labels(rows):
        if reference.classes is None:
            return {}
        return one_hot(generator.integers(reference.classes, size=rows), reference.classes)

    for rows in (1, 7):
        images = normal(rows, reference.model["data_size"])
        if reference.is_bernoulli:
            images = (images > 0).astype(np.float64)
        images[0, 1] = np.nan
        inputs = {"images": images} | labels(rows)
        inputs |= {f"noise.{layer}": noise(rows, layer) for layer in range(reference.layers)}
        compare_all(f"encoder, {rows} rows", encoder, inputs, reference.encode(inputs), comparisons)
        top = reference.layers - 1
        inputs = {f"latent.{top}": normal(rows, reference.latents[top])} | labels(rows)
        inputs |= {f"noise.{layer}": normal(rows, reference.latents[layer]) for layer in range(top)}
        compare_all(f"decoder, {rows} rows", decoder, inputs, reference.decode(inputs), comparisons)


def one_hot(labels, classes):
    """The graphs' input of labels."""
    return {"labels": np.eye(classes)[labels.astype(int).flatten()]}


def compare_all(title, session, inputs, expected, comparisons):
    outputs = run_graph(session, inputs, expected)
    for name in sorted(expected):
        comparisons.compare(f"{title}: {name}", outputs[name], expected[name])


def head_names(reference, layer):
    """What the encoder's graph, and so an array's file, calls the heads of a layer."""
    posterior = reference.posteriors[layer]
    return [posterior.output(head, layer) for head in posterior.heads]


def load_arrays(folder, reference):
    """The arrays of a folder by their names, images as rows."""
    layers = range(reference.layers)
    names = ("images", "reconstructions") + (() if reference.classes is None else ("labels",))
    for name in names:
        need(folder / f"{name}.npy")
    for layer in layers:
        for name in (*head_names(reference, layer), f"latent.{layer}", f"noise.{layer}"):
            need(folder / f"{name}.npy")
    arrays = {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    # Pictures come as (N, H, W); graphs know rows.
    arrays = {name: array.reshape(len(array), -1) for name, array in arrays.items()}
    arrays["images"] = images_of(folder / "images.npy", reference.model)
    for layer, latent in enumerate(reference.latents):
        for kind in ("noise", "latent"):
            shape = (len(arrays["images"]), latent)
            found = arrays.get(f"{kind}.{layer}")
            if found is not None and found.shape != shape:
                fail(f"{kind}.{layer}.npy has the shape {found.shape}, expected {shape}.")
    return arrays


def noise_for(name, layers, arrays, rows, latents):
    """The noise of some layers; fails if an array depends on noise that is not there."""
    missing = [layer for layer in layers if f"noise.{layer}" not in arrays]
    if missing:
        fail(f"{name}.npy cannot be compared without noise.{missing[0]}.npy, on which it depends.")
    # What nothing depends on may be anything.
    return {f"noise.{layer}": arrays.get(f"noise.{layer}", np.zeros((rows, latent)))
            for layer, latent in enumerate(latents)}


def check_arrays(folder, reference, encoder, decoder, comparisons):
    """Compares what iwae-gpu computed itself with the graphs' outputs."""
    arrays = load_arrays(folder, reference)
    rows, top = len(arrays["images"]), reference.layers - 1
    labels = {} if reference.classes is None else {"labels": arrays["labels"]}
    for layer in range(reference.layers):
        for name in (*head_names(reference, layer), f"latent.{layer}"):
            if name not in arrays:
                continue
            below = range(layer + 1 if name == f"latent.{layer}" else layer)
            inputs = {"images": arrays["images"]} | labels
            inputs |= noise_for(name, below, arrays, rows, reference.latents)
            outputs = run_graph(encoder, inputs, reference.encode(inputs))
            comparisons.compare(f"{folder.name}/{name}.npy", arrays[name], outputs[name])
    sources = {"reconstructions": reference.likelihood.mean, "probabilities": "probabilities",
               "logits": "logits"}
    for name, source in sources.items():
        if name not in arrays:
            continue
        if f"latent.{top}" not in arrays:
            print(f"  {folder.name}/{name}.npy: not compared, there is no latent.{top}.npy")
            continue
        if any(posterior.noise != "normal" for posterior in reference.posteriors[:top]):
            print(f"  {folder.name}/{name}.npy: not compared, the decoder's noise is not there")
            continue
        inputs = {f"latent.{top}": arrays[f"latent.{top}"]} | labels
        inputs |= noise_for(name, range(top), arrays, rows, reference.latents[:top])
        outputs = run_graph(decoder, inputs, reference.decode(inputs))
        if source not in outputs:
            fail(f"{name}.npy is there, but the decoder has no output '{source}'.")
        comparisons.compare(f"{folder.name}/{name}.npy", arrays[name], outputs[source])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("graphs", help="the folder of encoder.onnx and decoder.onnx")
    parser.add_argument("arrays", nargs="?", help="a folder of arrays that iwae-gpu computed")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--seed", type=int, default=0, help="the seed of the random inputs")
    options = parser.parse_args()
    reference = Reference(need(options.checkpoint))
    folder = need(options.graphs)
    encoder, decoder = (open_graph(folder / f"{name}.onnx") for name in ("encoder", "decoder"))
    comparisons = Comparisons(options.tolerance)
    print(f"Random inputs of seed {options.seed}, onnxruntime {onnxruntime.__version__}:")
    check_random(reference, encoder, decoder, comparisons, options.seed)
    if options.arrays:
        print(f"Arrays of {options.arrays}:")
        check_arrays(need(options.arrays), reference, encoder, decoder, comparisons)
    comparisons.finish(folder)


if __name__ == "__main__":
    main()
