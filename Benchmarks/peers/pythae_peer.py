"""pythae: its IWAE class on networks of the same sizes, stepped as its trainer's loop steps it.

What differs, and what does not:
- The loss it returns is -sum(w~ log w), not the bound; with w~ held still its gradient is the
  bound's. The check therefore asks the class for one sample at a time, when its loss is -log w,
  puts the bound together from those, and sees that the loss of all samples is what this says.
- It wants probabilities and a log-variance: the networks here end in a sigmoid and in twice
  log-sigma. The binary cross-entropy of probabilities is what makes it slower than torch_peer.
- Its data loader and progress bar are left out, in its favour. It has one stochastic layer only.
- `get_nll` encodes an image anew for each chunk and takes one image at a time.
"""
import contextlib
import importlib.metadata

import harness

import numpy as np
import torch
from pythae.data.datasets import BaseDataset, DatasetOutput
from pythae.models import IWAE, IWAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from torch import nn

import model as models

# Samples of a chunk of get_nll: of 100 to 5,000, 2,500 was the fastest.
CHUNK = 2500


def hidden_layers(network):
    sizes = (network.input, *network.hidden)
    return nn.Sequential(*(
        part for inputs, outputs in zip(sizes, sizes[1:])
        for part in (nn.Linear(inputs, outputs), nn.Tanh())))


class Encoder(BaseEncoder):
    def __init__(self, network):
        super().__init__()
        self.hidden = hidden_layers(network)
        self.mean = nn.Linear(network.hidden[-1], network.output)
        self.log_sigma = nn.Linear(network.hidden[-1], network.output)

    def linear_layers(self):
        return [*self.hidden[::2], self.mean, self.log_sigma]

    def forward(self, images):
        values = self.hidden(images)
        return ModelOutput(embedding=self.mean(values), log_covariance=2 * self.log_sigma(values))


class Decoder(BaseDecoder):
    def __init__(self, network):
        super().__init__()
        self.hidden = hidden_layers(network)
        self.logits = nn.Linear(network.hidden[-1], network.output)

    def linear_layers(self):
        return [*self.hidden[::2], self.logits]

    def forward(self, latents):
        return ModelOutput(reconstruction=torch.sigmoid(self.logits(self.hidden(latents))))


@contextlib.contextmanager
def given_noise(draws):
    """Within it, `torch.randn_like` gives the next array of `draws` in place of fresh noise."""
    original, draws = torch.randn_like, iter(draws)
    torch.randn_like = lambda like: torch.from_numpy(next(draws)).reshape(like.shape)
    try:
        yield
    finally:
        torch.randn_like = original


class PythaePeer(harness.Peer):
    name = "pythae"

    def __init__(self, model, weights, options):
        if len(model.latents) > 1:
            raise harness.Unsupported("pythae's IWAE has one stochastic layer.")
        torch.manual_seed(0)
        self.options = options
        self.chunk = models.chunk_size(options.samples, CHUNK)
        self.networks = [*model.encoder, *model.decoder]
        config = IWAEConfig(
            input_dim=(models.DATA_SIZE,), latent_dim=model.latents[0],
            reconstruction_loss="bce", number_samples=options.k)
        self.iwae = IWAE(config, Encoder(model.encoder[0]), Decoder(model.decoder[0]))
        images = torch.zeros(options.batch, models.DATA_SIZE)
        self.trainer = BaseTrainer(
            self.iwae, BaseDataset(images, torch.zeros(options.batch)),
            training_config=BaseTrainerConfig(
                learning_rate=models.LEARNING_RATE, optimizer_cls="Adam",
                per_device_train_batch_size=options.batch, no_cuda=True,
                optimizer_params={
                    "betas": (models.BETA1, models.BETA2), "eps": models.EPSILON,
                    "fused": True}))
        self.iwae.train()
        self.load(weights)

    def load(self, weights):
        with torch.no_grad():
            for network, part in zip(self.networks, (self.iwae.encoder, self.iwae.decoder)):
                for (name, _, _), layer in zip(network.linear_layers(), part.linear_layers()):
                    layer.weight.copy_(torch.from_numpy(weights[f"{name}.weight"]))
                    layer.bias.copy_(torch.from_numpy(weights[f"{name}.bias"]))
        self.trainer.set_optimizer()

    def version(self):
        return f"{importlib.metadata.version('pythae')}, torch {torch.__version__}"

    def step(self, images):
        # The body of BaseTrainer.train_step's loop.
        inputs = self.trainer._set_inputs_to_device(
            DatasetOutput(data=torch.from_numpy(images).float()))
        with self.trainer.amp_context:
            output = self.trainer.model(
                inputs, epoch=1, dataset_size=len(images), uses_ddp=False)
        self.trainer._optimizers_step(output)
        return output.loss.item()

    @torch.no_grad()
    def bounds(self, images, noise):
        inputs = torch.from_numpy(images).float()
        with given_noise(noise):
            loss = self.iwae({"data": inputs}).loss.item()
        self.iwae.n_samples = 1
        with given_noise(draws for of_image in noise[0] for draws in of_image):
            log_weights = np.array([
                [-self.iwae({"data": image[None]}).loss.item() for _ in noise[0][0]]
                for image in inputs])
        self.iwae.n_samples = self.options.k
        bounds = models.log_mean_exp(log_weights)
        shares = np.exp(log_weights - bounds[:, None]) / log_weights.shape[1]
        expected = -np.mean(np.sum(shares * log_weights, axis=1))
        if not abs(loss - expected) <= harness.TOLERANCE * abs(expected):
            raise RuntimeError(f"expected a loss of -sum(w~ log w) = {expected}, found {loss}.")
        return bounds

    @torch.no_grad()
    def evaluate(self, images):
        # The mean over the images is all that it gives.
        return self.iwae.get_nll(
            torch.from_numpy(images).float(), self.options.samples, self.chunk)

    @torch.no_grad()
    def log_likelihoods(self, images, noise):
        chunks = noise[0].reshape(-1, self.chunk, noise[0].shape[-1])
        with given_noise(chunks):
            return np.array([
                self.iwae.get_nll(image[None], self.options.samples, self.chunk)
                for image in torch.from_numpy(images).float()])


if __name__ == "__main__":
    harness.main(PythaePeer)
