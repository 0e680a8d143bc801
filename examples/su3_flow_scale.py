"""SU(3) gauge theory at beta = 6.0: plaquette, and the flow scale t0 from the action density along the gradient flow.

One draw is a heatbath sweep and four of overrelaxation.  The lattice of the default, 4^4, keeps the run short; flow
smears over sqrt(8 t), which the lattice must hold several times: to find t0 as in papers takes extents of 16 and more.

python su3_flow_scale.py [--draws 200] [--size 4]
"""

import argparse

import latticekit as lk
from latticekit.observables import FlowedActionDensity

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--draws", type=int, default=200)
parser.add_argument("--size", type=int, default=4, help="extent of the lattice; 16 and more to compare with papers")
args = parser.parse_args()

action = lk.Wilson(lk.SU(3), beta=6.0)
update = lk.Sequence([lk.Heatbath(action), lk.Repeat(lk.Overrelaxation(action), 4)])
density = FlowedActionDensity(longest=4.0, spacing=0.2)
ensemble = lk.sample(
    update,
    lattice=(args.size,) * 4,
    chains=2,
    draws=args.draws,
    warmup=50,
    seed=1,
    observables=["plaquette", "polyakov_loop", density],
    progress=False,
)
print(lk.summary(ensemble))

curve = ensemble["posterior"]["flowed_action_density"].mean(("chain", "draw"))
print("\n   t   t^2 <E(t)>       t0 is where this is 0.3")
for t, value in zip(curve["flow_time"].values[::4], curve.values[::4]):
    print(f"{t:4.1f}   {t**2 * value:.4f}")
if max(curve["flow_time"].values ** 2 * curve.values) < 0.3:
    print("not reached: this lattice is too small for t0")
