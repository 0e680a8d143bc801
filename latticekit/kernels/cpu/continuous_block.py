"""Forward and backward passes of a continuous flow on blocks of chains."""

from __future__ import annotations

from typing import Any

from latticekit.kernels.cpu.lanes import lanes, vld

Array = Any
Ints = tuple[int, ...]
each: Any = None
thread: Any = None
pack: Any = None
unpack: Any = None
transform: Any = None
transform_back: Any = None
copied: Any = None
masked: Any = None
waves: Any = None
scaled: Any = None
add_scaled: Any = None
add_slopes: Any = None
add_slopes_bar: Any = None
advance: Any = None
retreat: Any = None
mixed: Any = None
cleared: Any = None
add_divergence: Any = None
add_bars: Any = None
add_volume: Any = None
correlate: Any = None


def start(total: Array, modes: Array, size: int, whole: int) -> None:
    """Sums start from the field, or from nothing."""
    if whole:
        copied(total, modes, size)
    else:
        cleared(total, size)


def forward(
    x: Array,
    zeta: Array,
    y: Array,
    zeta_y: Array,
    log_det: Array,
    stages: Array,
    given: Array,
    weight: Array,
    spectrum: Array,
    local: Array,
    omega: Array,
    axes: Array,
    schedule: Array,
    cut: Ints,
    flags: Ints,
    work: Array,
    sums: Array,
) -> None:
    """The field (driven), its integrated divergence, and zeta along the same stages (scored), or along given ones.

    cut: chains, volume, blocks, steps, 1 to start sums from the field (0: from nothing, for the velocity itself).
    flags: driven, scored, stages kept.  schedule: share, ahead, half step of every stage.  omega: frequency, its
    half, half the phase.  work: for every thread, fields of a block.
    """
    chains, volume, blocks, steps, whole = cut
    driven, scored, kept = flags
    features, count = omega.shape[1], schedule.shape[0]
    shape = (1, 1, 1, 1, 1, 0)
    for block in each(blocks):
        me = thread()
        w = lanes(x)
        first, size = block * w, volume * w
        mine, sum_c, total_div, ones = work[me], sums[me, 0, :w], sums[me, 1, :w], sums[me, 2, :w]
        phi, sine, cosine, u = mine[0], mine[1], mine[2], mine[3]
        drift, modes, base, total = mine[4], mine[5], mine[6], mine[7]
        pull, z, z_base, z_total = mine[8], mine[9], mine[10], mine[11]
        lane_weight = mine[12]
        for lane in range(w):
            total_div[lane], ones[lane] = 0.0, 1.0
        if driven:
            pack(phi, x, first, chains, volume, shape)
            copied(modes, phi, size)
            transform(modes, axes)
            copied(base, modes, size)
            start(total, modes, size, whole)
        if scored:
            for lane in range(w):
                lane_weight[lane] = weight[min(first + lane, chains - 1)]
            pack(z, zeta, first, chains, volume, shape)
            transform(z, axes)
            copied(z_base, z, size)
            copied(z_total, z, size)
        for n in range(steps):
            for i in range(count):
                t, share, ahead = 2 * n + int(schedule[i, 2]), schedule[i, 0], schedule[i, 1]
                if driven:
                    if n + i > 0:
                        copied(phi, modes, size)
                        transform_back(phi, axes)
                    if kept:
                        unpack(stages[n * count + i], phi, first, chains, volume, shape)
                    cleared(drift, size)
                else:
                    pack(phi, given[n * count + i], first, chains, volume, shape)
                if scored:
                    cleared(pull, size)
                for f in range(features):
                    waves(sine, cosine, sum_c, phi, size, omega[1, f], omega[2, f])
                    if scored:
                        scaled(u, spectrum[t, f], z, size)
                        transform_back(u, axes)
                        bend = vld(lane_weight, 0) * (-local[t, f] * omega[0, f] * omega[0, f])
                        add_slopes(pull, u, sine, cosine, size, omega[0, f], bend)
                    if driven:
                        add_divergence(total_div, sum_c, share * local[t, f] * omega[0, f])
                        transform(sine, axes)
                        add_scaled(drift, spectrum[t, f], sine, size)
                if driven:
                    add_divergence(total_div, ones, share * local[t, features] * volume)
                    advance(modes, base, total, drift, spectrum[t, features], size, share, ahead)
                if scored:
                    transform(pull, axes)
                    advance(z, z_base, z_total, pull, spectrum[t, features], size, -share, -ahead)
        if driven:
            transform_back(total, axes)
            unpack(y, total, first, chains, volume, shape)
            for lane in range(min(w, chains - first)):
                log_det[first + lane] = total_div[lane]
        if scored:
            transform_back(z_total, axes)
            unpack(zeta_y, z_total, first, chains, volume, shape)


def backward(
    stages: Array,
    y_bar: Array,
    x_bar: Array,
    log_det_bar: Array,
    spectrum: Array,
    local: Array,
    omega: Array,
    spectrum_bar: Array,
    local_bar: Array,
    omega_bar: Array,
    axes: Array,
    schedule: Array,
    cut: Ints,
    work: Array,
    sums: Array,
) -> None:
    """Cotangents of the field and of the weights, the latter for each group of blocks apart."""
    chains, volume, blocks, steps, whole = cut
    features, count, groups = omega.shape[1], schedule.shape[0], spectrum_bar.shape[0]
    shape = (1, 1, 1, 1, 1, 0)
    for group in each(groups):
        for block in range(group * blocks // groups, (group + 1) * blocks // groups):
            me = thread()
            w = lanes(y_bar)
            first, size = block * w, volume * w
            here = min(w, chains - first)
            mine, sum_c, bars_weight, products = work[me], sums[me, 0, :w], sums[me, 1, :w], sums[me, 2]
            phi, sine, cosine, u = mine[0], mine[1], mine[2], mine[3]
            pull, k, a, y, total = mine[4], mine[5], mine[6], mine[7], mine[8]
            lane_weight = mine[12]
            for lane in range(w):
                bars_weight[lane] = log_det_bar[first + lane] if lane < here else 0.0
                lane_weight[lane] = bars_weight[lane]
            pack(y, y_bar, first, chains, volume, shape)
            masked(y, size, here)
            transform(y, axes)
            start(total, y, size, whole)
            cleared(a, size)
            for m in range(steps):
                n = steps - 1 - m
                for j in range(count):
                    i = count - 1 - j
                    t, share = 2 * n + int(schedule[i, 2]), schedule[i, 0]
                    mixed(k, y, share, a, schedule[i, 1], size)
                    pack(phi, stages[n * count + i], first, chains, volume, shape)
                    cleared(pull, size)
                    for f in range(features):
                        waves(sine, cosine, sum_c, phi, size, omega[1, f], omega[2, f])
                        scaled(u, spectrum[t, f], k, size)
                        transform_back(u, axes)
                        bend = vld(lane_weight, 0) * (-share * local[t, f] * omega[0, f] * omega[0, f])
                        add_slopes_bar(pull, products, u, sine, cosine, phi, size, omega[0, f], bend)
                        add_bars(
                            local_bar[group, t],
                            omega_bar[group],
                            f,
                            bars_weight,
                            sum_c,
                            products,
                            share,
                            local[t, f],
                            omega[0, f],
                        )
                        transform(sine, axes)
                        correlate(spectrum_bar[group, t, f], k, sine, spectrum_bar.shape[3])
                    transform(phi, axes)
                    correlate(spectrum_bar[group, t, features], k, phi, spectrum_bar.shape[3])
                    add_volume(local_bar[group, t], features, bars_weight, share * volume)
                    transform(pull, axes)
                    retreat(k, total, a, pull, spectrum[t, features], size)
                copied(y, total, size)
            transform_back(total, axes)
            unpack(x_bar, total, first, chains, volume, shape)
