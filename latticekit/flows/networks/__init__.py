"""Networks that condition layers: apply and vjp by hand, features (chain, channel, *sites)."""

from latticekit.flows.networks.activations import Activation
from latticekit.flows.networks.base import Network
from latticekit.flows.networks.conditional import Conditional, Flattened, Symmetrised
from latticekit.flows.networks.convolution import CombiConvolution, Convolution, Dense
from latticekit.flows.networks.filters import Filter
from latticekit.flows.networks.stack import ConvNet, DenseNet, ResidualBlock, Stack

__all__ = [
    "Activation",
    "CombiConvolution",
    "Conditional",
    "ConvNet",
    "Convolution",
    "Dense",
    "DenseNet",
    "Filter",
    "Flattened",
    "Network",
    "ResidualBlock",
    "Stack",
    "Symmetrised",
]
