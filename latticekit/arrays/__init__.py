"""Which array library is this, and is there a faster version of this function?  (floor 0)"""

from latticekit.arrays.accelerated import REGISTRY, accelerated, kernels_enabled, using_kernels
from latticekit.arrays.namespace import backend, finite, library, namespace, to_host
from latticekit.arrays.threads import set_threads, threads
from latticekit.arrays.trees import tree_from_items, tree_items, tree_map

__all__ = [
    "REGISTRY",
    "accelerated",
    "backend",
    "finite",
    "kernels_enabled",
    "library",
    "namespace",
    "set_threads",
    "threads",
    "to_host",
    "tree_from_items",
    "tree_items",
    "tree_map",
    "using_kernels",
]
