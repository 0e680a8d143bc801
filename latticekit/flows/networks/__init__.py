"""Networks that condition layers: apply and vjp by hand, features (chain, channel, *sites)."""

from latticekit.flows.networks.base import Network

__all__ = ["Network"]
