"""Equal-time race on m^2 = -4, xi ~ L/4: ESS of 10240 fresh draws against CPU seconds of training.

    python -m benchmarks.peers.flow_race latticekit|bijx|normflow [--extent 8] [--seconds 600] [--marks 10 30 ...]

One thread, one code per process; evaluation and compilation stop the clock.  Each code trains with its learning rate on
a cosine over the whole budget, and is judged at the marks and at the end.  latticekit: `lk.train` with its default
recipe in float32, once per mark, each run with that budget.  bijx: its ConvVF (the continuous flow of 2207.00283) in
float32 with latticekit's sizes (8 sines, 6 time kernels, 8 steps of RK4; its defaults of 49 and 20 cost 2 s a step at
L = 8), behind a trainable spectrum that starts as latticekit's does, total gradient, optax Adam.  normflow:
make_model of its example scalar_psd_affine_coupling, AdamW, path gradients, batch norm in evaluation mode when judged.
The peers are found on PYTHONPATH: `pip install bijx torch`; github.com/jkomijani/normflow and lattice_ml.
"""

import argparse
import math
import os
import time
from functools import partial

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "LATTICEKIT_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

from benchmarks.critical_line_flows import COUPLING, gemm_rate, judged  # noqa: E402

MASS_SQUARED, DRAWS, BLOCK = -4.0, 10240, 512


def said(code, extent, seconds, steps, ess):
    """A line of the table."""
    print(f"| {code} | {extent} | {seconds:.0f} | {steps} | {ess:.4f} |", flush=True)


def share(log_weights):
    """(sum w)^2 / n sum w^2."""
    w = np.exp(log_weights - np.max(log_weights))
    return float(w.sum() ** 2 / (w.size * np.sum(w * w)))


def spectrum(extent):
    """Of the free field that solves the gap equation, as latticekit's default prior."""
    import latticekit as lk

    scale = lk.FourierScale()
    flow = lk.Flow.init(scale, (extent, extent), action=lk.Phi4(MASS_SQUARED, COUPLING[extent]), dtype="float64")
    unit = np.zeros((1, extent, extent))
    unit[0, 0, 0] = 1.0
    return np.fft.rfft2(flow.layer.apply(unit)[0][0]).real


def latticekit(extent, seconds, marks):
    """One training per mark."""
    import latticekit as lk

    action = lk.Phi4(MASS_SQUARED, COUPLING[extent])
    settings = {"lattice": (extent, extent), "dtype": "float32", "progress": False}
    lk.train(lk.ContinuousFlow(), action, steps=2, **settings)
    start = time.process_time()
    lk.train(lk.ContinuousFlow(), action, steps=100, **settings)
    each = (time.process_time() - start) / 100
    for mark in [*marks, seconds]:
        start, steps = time.process_time(), int(mark / each)
        flow = lk.train(lk.ContinuousFlow(), action, steps=steps, seed=1, **settings).flow
        spent = time.process_time() - start
        said("latticekit", extent, spent, steps, judged(flow, action, DRAWS)[0])


def race(code, extent, seconds, marks, step, log_weights):
    """Steps of a peer, which takes the share of its budget that is spent, and its ESS at the marks."""
    step(0.0)  # compiles
    spent, count, waiting = 0.0, 1, [*marks, seconds]
    while waiting:
        start = time.process_time()
        step(min(spent / seconds, 1.0))
        spent, count = spent + time.process_time() - start, count + 1
        if spent >= waiting[0]:
            found = np.concatenate([log_weights(n) for n in range(DRAWS // BLOCK)])
            said(code, extent, waiting.pop(0), count, share(found))


def bijx(extent, seconds, marks, rate=3e-3, batch=128, steps=8):
    """The same continuous flow, in JAX."""
    import bijx
    import jax
    import jax.numpy as jnp
    import optax
    from flax import nnx

    nn = bijx.nn
    features = (partial(nn.features.FourierFeatures, 8), partial(nn.features.PolynomialFeatures, (1,)))
    sizes = {"time_kernel": nn.embeddings.KernelFourier(7), "time_kernel_reduced": 6, "features_reduced": 9}
    field = bijx.ConvVF.build((extent, extent), (), features=features, **sizes, rngs=nnx.Rngs(params=0))
    scale = bijx.SpectrumScaling(nnx.Param(jnp.asarray(spectrum(extent), jnp.float32)))
    flow = bijx.Chain(scale, bijx.ContFlowRK4(field, steps=steps))
    graph, variables, rest = nnx.split(flow, nnx.Param, ...)
    optimiser = optax.inject_hyperparams(optax.adam)(learning_rate=rate)

    def draw(variables, key, batch):
        z = jax.random.normal(key, (batch, extent, extent))
        log_r = -0.5 * jnp.sum(z**2, (1, 2)) - 0.5 * extent**2 * math.log(2 * math.pi)
        x, log_q = nnx.merge(graph, variables, rest).forward(z, log_r)
        action = jnp.sum(
            jax.vmap(lambda f: bijx.lattice.scalar.phi4_term(f, MASS_SQUARED, COUPLING[extent]))(x), (1, 2)
        )
        return -action - log_q

    @jax.jit
    def update(variables, moments, key):
        bars = jax.grad(lambda v: -jnp.mean(draw(v, key, batch)))(variables)
        change, moments = optimiser.update(bars, moments, variables)
        return optax.apply_updates(variables, change), moments

    judge = jax.jit(lambda variables, key: draw(variables, key, BLOCK))
    state = {"variables": variables, "moments": optimiser.init(variables), "key": jax.random.key(1)}

    def step(spent):
        state["moments"].hyperparams["learning_rate"] = jnp.float32(rate * (0.505 + 0.495 * math.cos(math.pi * spent)))
        state["key"], now = jax.random.split(state["key"])
        state["variables"], state["moments"] = update(state["variables"], state["moments"], now)
        jax.block_until_ready(state["variables"])

    race(
        "bijx", extent, seconds, marks, step, lambda n: np.asarray(judge(state["variables"], jax.random.key(1000 + n)))
    )


def normflow(extent, seconds, marks, rate=1e-2, batch=128):
    """Its example with a PSD block and affine couplings."""
    import torch
    from normflow import Model
    from normflow.action import ScalarPhi4Action
    from normflow.prior import NormalPrior
    from scalar_psd_affine_coupling import assemble_net

    torch.set_num_threads(1)
    torch.manual_seed(1)
    shape = (extent, extent)
    action = ScalarPhi4Action(kappa=2.0, m_sq=2 * MASS_SQUARED, lambd=COUPLING[extent])
    model = Model(net_=assemble_net(lat_shape=shape), prior=NormalPrior(shape=shape), action=action)
    groups = [{"ind": [0, 1, 3], "hyper": {"weight_decay": 1e-4}}, {"ind": [2], "hyper": {"weight_decay": 1e-2}}]
    model.net_.setup_groups(groups=groups)
    trainer = model.trainer
    trainer.configure_optimizers(hyperparam={"lr": rate})

    def step(spent):
        for group in trainer.optimizer.param_groups:
            group["lr"] = rate * (0.5 + 0.5 * math.cos(math.pi * spent))
        trainer.training_epoch(batch)

    def log_weights(_):
        model.net_.eval()
        with torch.no_grad():
            _, log_q, log_p = model.posterior.sample__(BLOCK)
        model.net_.train()
        return (log_p - log_q).double().numpy()

    race("normflow", extent, seconds, marks, step, log_weights)


def main():
    """One code."""
    codes = {one.__name__: one for one in (latticekit, bijx, normflow)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("code", choices=list(codes))
    parser.add_argument("--extent", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--marks", type=float, nargs="*", default=[10, 30, 60, 120, 300])
    wanted = parser.parse_args()
    print(f"dgemm {gemm_rate():.0f} GFlop/s\n\n| code | L | CPU s | steps | ESS |\n|---|---|---|---|---|", flush=True)
    codes[wanted.code](wanted.extent, wanted.seconds, wanted.marks)


if __name__ == "__main__":
    main()
