"""The densities of checkpoints in float64: heads, samples, means, and formulas of users."""
import ast
import operator
import re

import numpy as np
from scipy.special import gammaln

from agreement import fail


def is_true(condition):
    """Neither 0 nor NaN."""
    return (condition < 0) | (condition > 0)


def sigmoid(x):
    # The exponential's argument is never positive, so that it does not overflow.
    return np.exp(-np.logaddexp(0, -x))


def softplus(x):
    return np.logaddexp(0, x)


FUNCTIONS = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "sqrt": np.sqrt,
    "tanh": np.tanh, "sigmoid": sigmoid, "softplus": softplus,
    "lgamma": gammaln, "abs": np.abs, "sign": np.sign, "min": np.minimum, "max": np.maximum,
    "where": lambda condition, a, b: np.where(is_true(condition), a, b),
}
OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: np.divide,
    ast.Pow: np.power,
}
WORD = re.compile(r"(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)")


class Formula:
    """A formula's text as a function of named arrays.

    Python's grammar is that of formulas, once `^` is `**`. Numbers may begin with 0, and names be
    Python's keywords, so both are written anew.
    """

    def __init__(self, text):
        def rewrite(match):
            return repr(float(match["number"])) if match["number"] else f"v_{match['name']}"

        python = WORD.sub(rewrite, text).replace("^", "**")
        self.tree = ast.parse(f"({python}\n)", mode="eval").body

    def __call__(self, values):
        with np.errstate(all="ignore"):
            return self.value(self.tree, values)

    def value(self, node, values):
        match node:
            case ast.Constant(value=number):
                return np.float64(number)
            case ast.Name(id=name):
                return np.float64(np.pi) if name == "v_pi" else values[name[2:]]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, values)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, values)
            case ast.BinOp(left=left, op=operation, right=right):
                return OPERATORS[type(operation)](
                    self.value(left, values), self.value(right, values))
            case ast.Compare(left=left, ops=[ast.Lt()], comparators=[right]):
                return (self.value(left, values) < self.value(right, values)).astype(np.float64)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return FUNCTIONS[name[2:]](*(self.value(one, values) for one in arguments))
        fail(f"'{ast.unparse(node)}' is no formula.")


def continuous_bernoulli_mean(a):
    """1 / (1 - e^-a) - 1 / a, by its series near 0."""
    near = np.abs(a) < 0.01
    far = np.where(near, 1, a)
    return np.where(near, 0.5 + a / 12 - a**3 / 720, -1 / np.expm1(-far) - 1 / far)


def class_mean(logits, classes):
    """The mean class of each variable, whose logits are side by side."""
    logits = logits.reshape(len(logits), -1, classes)
    shares = np.exp(logits - logits.max(axis=2, keepdims=True))
    return shares @ np.arange(classes) / shares.sum(axis=2)


def logistic_mean(values):
    """1 - the integral of the distribution function over [0, 1]."""
    scale = np.exp(values["log_scale"])
    ends = (softplus((end - values["mean"]) / scale) for end in (1, 0))
    return 1 - scale * (next(ends) - next(ends))


class Likelihood:
    """The likelihood that a checkpoint describes.

    `mean` is the name of the mean's output, a head or one of its own, and `compute_mean` the
    function of the heads that gives it; None if it is a head.
    """

    def __init__(self, description):
        fields = {"family": description} if isinstance(description, str) else description
        self.family = fields["family"]
        self.parameters, self.classes = [], None
        self.mean, self.compute_mean = "expectation", None
        match self.family:
            case "bernoulli":
                self.heads, self.mean = ["logits"], "probabilities"
                self.compute_mean = lambda values: sigmoid(values["logits"])
            case "gaussian":
                self.heads, self.mean = ["mean"], "mean"
                if "sigma" not in fields:
                    self.heads = ["mean", "log_sigma"]
                elif fields["sigma"] == "shared":
                    self.parameters = ["log_sigma"]
            case "logistic":
                self.heads = ["mean", "log_scale"]
                self.compute_mean = logistic_mean
            case "poisson" | "negative-binomial":
                self.heads = ["log_rate"]
                if self.family == "negative-binomial":
                    self.parameters = ["log_dispersion"]
                self.compute_mean = lambda values: np.exp(values["log_rate"])
            case "continuous-bernoulli":
                self.heads = ["logits"]
                self.compute_mean = lambda values: continuous_bernoulli_mean(values["logits"])
            case "categorical":
                self.heads, self.classes = ["logits"], fields["classes"]
                self.compute_mean = lambda values: class_mean(values["logits"], self.classes)
            case "formula":
                self.heads = fields["heads"]
                if fields["mean"].strip() in self.heads:
                    self.mean = fields["mean"].strip()
                else:
                    self.compute_mean = Formula(fields["mean"])
            case _:
                fail(f"the likelihood '{self.family}' is not known here.")

    def outputs(self, heads, parameters):
        """What a decoder gives of the data."""
        values = heads | parameters
        taken = self.mean if self.compute_mean else None
        result = {f"head.{name}" if name == taken else name: array for name, array in heads.items()}
        shape = heads[self.heads[0]].shape
        result |= {name: np.broadcast_to(array, shape) for name, array in parameters.items()}
        if self.compute_mean:
            mean = self.compute_mean(values)
            result[self.mean] = mean if self.classes else np.broadcast_to(mean, shape)
        return result


def normal(values):
    return values["mean"] + np.exp(values["log_sigma"]) * values["e"]


def triangle_product(values):
    """The strictly lower triangle, whose rows follow each other, times the noise."""
    rows, units = values["e"].shape
    triangle = np.zeros((rows, units, units))
    triangle[:, *np.tril_indices(units, -1)] = values["lower"]
    return np.einsum("rij,rj->ri", triangle, values["e"])


def flow(fields, coupling, values):
    """The coupling steps of a flow from a normal draw."""
    z = normal(values)
    first = z.shape[1] // 2
    for step in range(fields["steps"]):
        # Even steps move the second part, odd ones the first.
        parts = [z[:, :first], z[:, first:]]
        moves = (step + 1) % 2
        beside = [values["context"]] if fields.get("context") else []
        heads = coupling(
            step, len(fields["hidden"]), np.concatenate([parts[1 - moves]] + beside, axis=1))
        parts[moves] = parts[moves] * np.exp(np.tanh(heads["log_scale"])) + heads["shift"]
        z = np.concatenate(parts, axis=1)
    return z


class Posterior:
    """The posterior that a checkpoint describes; without a description, the Gaussian.

    `coupling` is the network of a flow's step: shift and log_scale as a function of the step's number,
    its number of hidden layers, and its input.
    """

    def __init__(self, description="gaussian", coupling=None):
        fields = {"family": description} if isinstance(description, str) else description
        match fields["family"]:
            case "gaussian":
                self.heads, self.noise = ["mean", "log_sigma"], "normal"
                self.sample = normal
            case "full":
                self.heads, self.noise = ["mean", "log_sigma", "lower"], "normal"
                self.sample = lambda values: normal(values) + triangle_product(values)
            case "flow":
                self.heads, self.noise = ["mean", "log_sigma"], "normal"
                if fields.get("context"):
                    self.heads.append("context")
                self.sample = lambda values: flow(fields, coupling, values)
            case "bernoulli":
                self.heads, self.noise = ["logits"], "uniform"
                self.sample = lambda values: (
                    values["e"] < sigmoid(values["logits"])).astype(np.float64)
            case "formula":
                self.heads, self.noise = fields["heads"], fields["noise"]
                self.sample = Formula(fields["sample"])
            case family:
                fail(f"the posterior '{family}' is not known here.")

    def output(self, head, layer):
        """The name of a head's output, which makes way for those of the graph itself."""
        return f"head.{head}.{layer}" if head in ("latent", "noise") else f"{head}.{layer}"

    def outputs(self, heads, noise, layer):
        """What a graph gives of a layer."""
        result = {self.output(name, layer): array for name, array in heads.items()}
        sample = self.sample(heads | {"e": noise})
        return result | {f"latent.{layer}": np.broadcast_to(sample, noise.shape)}
