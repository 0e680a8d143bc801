"""tau_int of HMC and of flow + Metropolis on the line m^2 = -4, xi ~ L/4, and what an independent field costs.

python -m benchmarks.critical_slowing_down [--points 6:1500 8:2500 ...] [--draws 2000] [--plot slowing_down.png]

Both run 64 chains on one thread; a point is extent:steps of training.  HMC is given the best of trajectories of length
1/2, 1, 2 and 4, its step tuned to 80 % acceptance: the one with the least CPU time per independent |phi|.  The flow is
trained by lk.train with its default recipe in float32.  tau_int is that of |phi|; costs are CPU ms per draw and chain
times 2 tau_int.  "amortised" counts the training in, shared by as many
independent fields as stand there; "even" is the number of independent fields from which on the flow is cheaper.
"""

import argparse
import time

import latticekit as lk
from benchmarks.critical_line_flows import COUPLING, gemm_rate, train
from latticekit.estimators import bracket

CHAINS, AMORTISED = 64, 100_000


def measured(update, extent, draws, **settings):
    """tau_int of |phi| and its error, CPU ms per draw of one chain."""
    settings = {"chains": CHAINS, "seed": 3, "progress": False, "observables": ["abs_magnetization"]} | settings
    lk.sample(update, (extent, extent), draws=2, warmup=100, **settings)  # kernels compile before the clock starts
    start = time.process_time()
    tree = lk.sample(update, (extent, extent), draws=draws, warmup=200, **settings)
    seconds = time.process_time() - start
    found = lk.summary(tree)["abs_magnetization"].estimate
    return float(found.tau_int), float(found.tau_int_error), 1e3 * seconds / ((draws + 200) * CHAINS)


def hmc(extent, draws):
    """tau_int, its error and cost of the trajectory length that costs least per independent field."""
    action = lk.Phi4(-4.0, COUPLING[extent])
    runs = {
        length: measured(lk.HMC(action, trajectory_length=length), extent, draws) for length in (0.5, 1.0, 2.0, 4.0)
    }
    length = min(runs, key=lambda n: runs[n][0] * runs[n][2])
    return length, *runs[length]


def flow(extent, steps, draws):
    """Seconds of training; tau_int, its error and cost of independence Metropolis."""
    trained, action, seconds = train(extent, steps, 1, "float32")
    return seconds, *measured(lk.IndependenceMetropolis(action, trained.flow), extent, draws, dtype="float32")


def row(extent, steps, draws):
    """Numbers of one extent: those of the table in their order."""
    length, tau, error, cost = hmc(extent, draws)
    training, tau_flow, error_flow, cost_flow = flow(extent, steps, draws)
    each, each_flow = 2 * tau * cost, 2 * tau_flow * cost_flow
    even = 1e3 * training / (each - each_flow) if each > each_flow else float("inf")
    found = [extent, length, bracket(tau, error), f"{each:.3g}", bracket(tau_flow, error_flow), f"{each_flow:.3g}"]
    found += [f"{training:.0f}", f"{each_flow + 1e3 * training / AMORTISED:.3g}", f"{even:.1e}"]
    print("| " + " | ".join(map(str, found)) + " |", flush=True)
    return extent, tau, tau_flow, each, each_flow, each_flow + 1e3 * training / AMORTISED


def draw(rows, path):
    """tau_int on the left, CPU time per independent field on the right."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    extents, tau, tau_flow, each, each_flow, shared = zip(*rows)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.loglog(extents, tau, "o-", color="#c44e52", label="HMC")
    left.loglog(extents, tau_flow, "s-", color="#2b5c8a", label="flow + Metropolis")
    left.set(xlabel="L", ylabel=r"$\tau_{\rm int}$ of $|\phi|$, steps")
    right.loglog(extents, each, "o-", color="#c44e52", label="HMC")
    right.loglog(extents, each_flow, "s-", color="#2b5c8a", label="flow, trained")
    right.loglog(extents, shared, "s--", color="#2b5c8a", alpha=0.6, label=f"training shared by {AMORTISED:,} fields")
    right.set(xlabel="L", ylabel="CPU ms per independent field")
    left.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
    for axes in (left, right):
        axes.set_xticks(extents, [str(n) for n in extents])
        axes.minorticks_off()
        axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main():
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", nargs="+", default=["6:1500", "8:2500", "12:3500", "16:6000", "20:14000"])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--plot", default="critical_slowing_down.png")
    wanted = parser.parse_args()
    lk.set_threads(1)
    print(f"dgemm {gemm_rate():.0f} GFlop/s; {CHAINS} chains; ms of CPU time per independent field\n")
    print("| L | HMC length | tau, HMC | ms | tau, flow | ms | training, CPU s | ms, amortised | even |")
    print("|" + "---|" * 9, flush=True)
    rows = [row(*map(int, point.split(":")), wanted.draws) for point in wanted.points]
    draw(rows, wanted.plot)


if __name__ == "__main__":
    main()
