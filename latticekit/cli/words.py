"""One line on every setting, for the help and for the comments of run.toml."""

WORDS = {
    "update": "one step of the chain: these updates in turn; reweighting stands alone",
    "flow": "what is trained",
    # [action]
    "name": "action, with the convention of its couplings",
    "preset": "named point of the literature, for the couplings and extents that are not given",
    "mass_squared": "m^2",
    "coupling": "lambda, the coefficient of phi^4",
    "kappa": "hopping parameter (phi4_hopping)",
    "lam": "coupling (phi4_hopping)",
    "group": 'gauge group: "U(1)", "SU(2)", "SU(3)", ...',
    "beta": "gauge coupling, 2N/g^2 for SU(N)",
    "xi": "bare anisotropy: plaquettes with time get beta xi, the others beta / xi",
    "boundary": "of a gauge field in time",
    # [lattice]
    "shape": "extents, time first, as [8, 8]; left out: those of the preset",
    # [run]
    "chains": "independent Markov chains",
    "draws": "recorded draws per chain",
    "warmup": "updates before the first draw",
    "thin": "updates per draw",
    "seed": "names all random numbers; equal settings give equal bits",
    "out": "Zarr store of the ensemble",
    "resume": "continue the store bit for bit, up to draws",
    "observables": "what is measured on every draw, the action always; left out: what is cheap for this field",
    "configurations": "store the field of every n-th draw; 0: none",
    "backend": "array library",
    "dtype": "precision of the field",
    "start": "first field: all zero, or random",
    # [model]
    "path": "trained flow, for independence_metropolis and reweighting; gives action and extents that are left out",
    # [couplings]
    "couplings.mass_squared": "[low, high] of m^2: one flow for all couplings between",
    "couplings.coupling": "[low, high] of lambda",
    "couplings.kappa": "[low, high] of the hopping parameter",
    "couplings.lam": "[low, high] of the coupling beside kappa",
    "couplings.beta": "[low, high] of the gauge coupling",
    "couplings.xi": "[low, high] of the bare anisotropy",
    # [train]
    "train.steps": "updates of the parameters; left out: 1000",
    "seconds": "instead of steps: as many as fit",
    "batch": "fields per step; left out: 128, or 64 beyond 12 x 12",
    "learning_rate": "its peak; left out: 2e-2, or 1e-2 beyond 8 x 8",
    "train.out": "folder of history, checkpoints and the trained model",
    "train.resume": "continue the training bit for bit",
    "train.seed": "names all random numbers of the training",
    # flows
    "features": "learned frequencies of sin(omega phi)",
    "times": "Gaussians in time that mix the kernels",
    "continuous.steps": "steps of the Runge-Kutta integration",
    "blocks": "how many times couplings are followed by a free field",
    "layers": "couplings, on even and odd sites in turn",
    "hidden": "channels of the hidden layers of each network",
    "kernel": "extent of the convolutions",
    "odd": "networks respect phi -> -phi",
    # updates
    "block": "proposals per flow evaluation and chain; left out: enough to fill it",
    "trajectory_length": "molecular-dynamics time of a trajectory",
    "steps": "integration steps per trajectory; left out: tuned in warmup",
    "integrator": "leapfrog, omelyan, omf4 or force_gradient",
    "jitter": "step sizes vary uniformly by this fraction",
    "target_acceptance": "acceptance rate that the tuning aims at",
    "step_size": "size of a step; left out: tuned in warmup, where the update can",
    "hits": "proposals per site and sweep",
    "attempts": "tries of a site before it keeps its value",
    "kind": "swendsen_wang (all clusters) or wolff (one)",
    "scheme": "euler (bias of order step_size) or heun (second order)",
}


def about(name: str, section: str = "") -> str:
    """The line on a setting: that of its section, or what it means everywhere."""
    return WORDS.get(f"{section}.{name}", WORDS.get(name, ""))
