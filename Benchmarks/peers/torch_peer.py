"""PyTorch: an ordinary module and its fused Adam, eager or through torch.compile (--compile), which on CUDA can
record graphs (--graphs).

Evaluation runs under inference_mode, in chunks of samples.
"""
import math

import harness

import torch
from torch import nn
from torch.nn import functional

import model as models

# Samples of a chunk of an evaluation: of 10 to 250, for 20 images on a CPU, 100 was the fastest;
# a GPU wants fewer, larger launches.
CHUNKS = {"cpu": 100, "cuda": 1000}


class Layers(nn.Module):
    """tanh layers and the linear heads above them: [..., inputs] to one [..., outputs] per head."""

    def __init__(self, network):
        super().__init__()
        layers = [nn.Linear(inputs, outputs) for _, inputs, outputs in network.linear_layers()]
        self.names = [name for name, _, _ in network.linear_layers()]
        self.hidden = nn.ModuleList(layers[:len(network.hidden)])
        self.heads = nn.ModuleList(layers[len(network.hidden):])

    def load(self, weights):
        with torch.no_grad():
            for name, layer in zip(self.names, [*self.hidden, *self.heads]):
                layer.weight.copy_(torch.from_numpy(weights[f"{name}.weight"]))
                layer.bias.copy_(torch.from_numpy(weights[f"{name}.bias"]))

    def forward(self, values):
        for layer in self.hidden:
            values = torch.tanh(layer(values))
        return [head(values) for head in self.heads]


class ImportanceWeightedAutoencoder(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.encoder = nn.ModuleList(Layers(network) for network in model.encoder)
        self.decoder = nn.ModuleList(Layers(network) for network in model.decoder)

    def encode(self, images):
        """The lowest encoder's heads, which do not depend on the noise."""
        return self.encoder[0](images[:, None])

    def log_weights(self, images, noise, lowest):
        """log p(x|h) + log p(h) - log q(h|x): [batch, samples]. `lowest` is what `encode` found.

        The constants of the Gaussians cancel, and (h - mean) / sigma of q is the noise itself.
        """
        latents, result, below = [], 0.0, None
        for network, draws in zip(self.encoder, noise):
            mean, log_sigma = lowest if below is None else network(below)
            below = mean + log_sigma.exp() * draws
            result = result + (0.5 * draws ** 2 + log_sigma).sum(-1)
            latents.append(below)
        result = result - 0.5 * (latents[-1] ** 2).sum(-1)
        for network, above, value in zip(self.decoder, latents[::-1], latents[-2::-1]):
            mean, log_sigma = network(above)
            scaled = (value - mean) * (-log_sigma).exp()
            result = result - (0.5 * scaled ** 2 + log_sigma).sum(-1)
        (logits,) = self.decoder[-1](latents[0])
        return result - functional.binary_cross_entropy_with_logits(
            logits, images[:, None].expand_as(logits), reduction="none").sum(-1)

    def forward(self, images, noise, lowest=None):
        """The importance-weighted bound of each image: [batch]."""
        values = self.log_weights(images, noise, lowest or self.encode(images))
        return torch.logsumexp(values, 1) - math.log(values.shape[1])


class TorchPeer(harness.Peer):
    name = "torch"
    devices = ("cpu", "cuda")
    compiles = True

    def __init__(self, model, weights, options):
        torch.manual_seed(0)
        self.model, self.options = model, options
        self.chunk = models.chunk_size(options.samples, CHUNKS[options.device])
        self.module = ImportanceWeightedAutoencoder(model).to(options.device)
        self.bounds_of = self.module
        if options.compile or options.graphs:
            self.name = "torch-graphs" if options.graphs else "torch-compile"
            mode = "reduce-overhead" if options.graphs else None
            self.bounds_of = torch.compile(self.module, mode=mode)
        self.load(weights)

    def load(self, weights):
        for network in [*self.module.encoder, *self.module.decoder]:
            network.load(weights)
        self.optimizer = torch.optim.Adam(
            self.module.parameters(), lr=models.LEARNING_RATE,
            betas=(models.BETA1, models.BETA2), eps=models.EPSILON, fused=True)

    def version(self):
        return torch.__version__

    def upload(self, images):
        return torch.from_numpy(images).to(self.options.device).float()

    def draw(self, batch, samples):
        return [
            torch.randn(batch, samples, latent, device=self.options.device)
            for latent in self.model.latents]

    def step(self, images):
        self.optimizer.zero_grad(set_to_none=True)
        noise = self.draw(len(images), self.options.k)
        loss = -self.bounds_of(self.upload(images), noise).mean()
        loss.backward()
        self.optimizer.step()
        if self.options.device == "cuda":
            torch.cuda.synchronize()
        return loss.item()

    def bounds(self, images, noise):
        noise = [torch.from_numpy(layer).to(self.options.device) for layer in noise]
        return self.bounds_of(self.upload(images), noise).detach().cpu().numpy()

    def evaluate(self, images):
        count = self.options.samples // self.chunk
        return self.sum_chunks(images, (self.draw(len(images), self.chunk) for _ in range(count)))

    def log_likelihoods(self, images, noise):
        chunks = zip(*(torch.from_numpy(layer).split(self.chunk, 1) for layer in noise))
        return self.sum_chunks(
            images, ([layer.to(self.options.device) for layer in chunk] for chunk in chunks))

    @torch.inference_mode()
    def sum_chunks(self, images, chunks):
        images = self.upload(images)
        lowest = self.module.encode(images)
        total = torch.full((len(images),), -math.inf, device=self.options.device)
        count = 0
        for noise in chunks:
            total = torch.logaddexp(total, self.bounds_of(images, noise, lowest))
            count += 1
        return (total - math.log(count)).cpu().numpy()


if __name__ == "__main__":
    harness.main(TorchPeer)
