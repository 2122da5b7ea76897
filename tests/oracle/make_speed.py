#!/usr/bin/env python3
"""make_speed.py - expected values of measure/{change,mfu,ettr,scaling,
noise_scale,straggler}.h.

    python3 tests/oracle/make_speed.py > tests/oracle/speed.txt

Needs numpy, scipy and ruptures. Independent implementations: the energy
statistic from sums over the whole matrix of distances, scipy.stats for tests,
scipy.optimize.nnls for scaling, ruptures' Pelt for places of change points.
Lines: a word, its sizes and inputs, then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import ruptures
import scipy
from scipy import optimize, stats

print(f"# numpy {np.__version__} scipy {scipy.__version__} "
      f"ruptures {ruptures.version.__version__}")
rng = np.random.default_rng(11)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def best_split(x, least):
    d = np.abs(x[:, None] - x[None, :])
    n, found = len(x), (-np.inf, 0, 0)
    for k in range(2 * least, n + 1):
        for t in range(least, k - least + 1):
            m = k - t
            e = (2 * d[:t, t:k].mean() - d[:t, :t].sum() / (t * (t - 1))
                 - d[t:k, t:k].sum() / (m * (m - 1)))
            q = t * m / k * e
            if q > found[0] + 1e-12:
                found = q, t, k
    return found


def welch(a, b):
    return stats.ttest_ind(a, b, equal_var=False).pvalue


def e_divisive(x, least=5, p_max=.001, p_weak=.01, minimum=.05):
    open_, places = [(0, len(x))], []
    while open_:
        low, high = open_.pop()
        if high - low < 2 * least:
            continue
        q, t, k = best_split(x[low:high], least)
        if q > 0 and welch(x[low:low + t], x[low + t:low + k]) <= p_weak:
            places.append(low + t)
            open_ += [(low, low + t), (low + t, high)]
    places.sort()

    def judge(i):
        a = places[i - 1] if i else 0
        b = places[i + 1] if i + 1 < len(places) else len(x)
        left, right = x[a:places[i]], x[places[i]:b]
        return welch(left, right), abs(right.mean() - left.mean())
    while places:
        found = [judge(i) for i in range(len(places))]
        p = [f[0] - p_max for f in found]
        short = [minimum - f[1] for f in found]
        if max(p) > 0:
            del places[int(np.argmax(p))]
        elif max(short) > 0:
            del places[int(np.argmax(short))]
        else:
            return [(places[i], found[i][0]) for i in range(len(places))]
    return []


def levels(parts, sd):
    return np.concatenate([m + sd * rng.normal(size=n) for m, n in parts])


for parts, sd in (([(0, 40), (.3, 40)], .05), ([(0, 30), (.4, 25), (0, 35)], .06),
                  ([(0, 60)], .05), ([(0, 30), (.03, 30)], .005),
                  ([(1, 20), (1.2, 20), (1.5, 20), (1.1, 20)], .04),
                  ([(0, 12), (2, 8)], 1)):
    x = levels(parts, sd)
    q, t, k = best_split(x, 5)
    put("split", len(x), *x, "=", q, t, k)
    found = e_divisive(x)
    put("change", len(x), *x, "=", len(found), *[v for f in found for v in f])
    if sd < .1 and len(parts) > 1 and parts[1][0] - parts[0][0] > .05:
        pelt = ruptures.Pelt(model="l2", min_size=5, jump=1).fit(x)
        places = pelt.predict(pen=3 * np.log(len(x)) * sd ** 2)[:-1]
        put("pelt", len(x), *x, "=", len(places), *places)

for shift in (0, 1.2, -1.2):
    x = np.concatenate([rng.normal(size=60), shift + rng.normal(size=60)])
    up = down = 0
    alarms = []
    for i, z in enumerate(x):
        up, down = max(0, up + z - .5), max(0, down - z - .5)
        if up > 5 or down > 5:
            alarms += [i, 1 if up > 5 else -1]
            up = down = 0
    put("cusum", len(x), *x, "=", len(alarms) / 2, *alarms)


def flop(n, n_emb, layers, heads, qk, v, t):
    return 6 * (n - n_emb) + 6 * layers * heads * (qk + v) * t


# layers heads kv head_qk head_v width ffn vocab T N N_active experts per_token
# expert_width shared gated tied recompute(1 none 2 attention 3 full)
# = products, attention, per token, hardware
MODELS = {
    "gpt2": (12, 12, 0, 0, 0, 768, 0, 50257, 1024, 124439808, 0, 0, 0, 0, 0,
             0, 1, 1),
    "gpt2-xl": (48, 25, 0, 0, 0, 1600, 0, 50257, 1024, 1557611200, 0, 0, 0, 0, 0,
                0, 1, 3),
    "llama-8b": (32, 32, 8, 128, 0, 4096, 14336, 128256, 8192, 8030261248, 0, 0,
                 0, 0, 0, 1, 0, 2),
    "shape": (32, 32, 8, 128, 0, 4096, 14336, 128256, 8192, 0, 0, 0, 0, 0, 0,
              1, 0, 1),
    "mixtral": (32, 32, 8, 128, 0, 4096, 14336, 32000, 4096, 46702792704, 0, 8, 2,
                14336, 0, 1, 0, 1),
    "active": (27, 16, 16, 192, 128, 2048, 10944, 102400, 4096, 15.7e9, 2.4e9,
               64, 6, 1408, 2, 1, 0, 3),
}
for name, m in MODELS.items():
    (layers, heads, kv, qk, v, width, ffn, vocab, t, n, active, experts, per,
     expert, shared, gated, tied, recompute) = m
    qk = qk or width // heads
    v = v or qk
    kv = kv or heads
    matrices = 3 if gated else 2
    if active or (n and not experts):
        products = (active or n) - (0 if tied else vocab * width)
    else:
        mlp = matrices * width * (ffn or 4 * width)
        if experts:
            mlp = (per + shared) * matrices * width * expert + width * experts
        products = layers * (width * heads * qk + width * kv * (qk + v)
                             + heads * v * width + mlp) + vocab * width
    attention = 6 * layers * heads * (qk + v) * t
    total = flop(products, 0, layers, heads, qk, v, t)
    again = {1: 0, 2: attention / 3,
             3: 2 * (products - vocab * width) + attention / 3}[recompute]
    put("model", *m, "=", products, attention, total, total + again)
# PaLM's own writing of the same number
assert flop(124e6, 0, 12, 12, 64, 64, 1024) == 6 * 124e6 + 12 * 12 * 12 * 64 * 1024

for mttf, u, q, d, w in ((86400, 300, 0, 3600, 30), (3600, 600, 60, 1800, 60),
                         (100, 600, 0, 50, 5)):
    value = (1 - (u + q + d / 2) / mttf) / (1 + w / d)
    best = optimize.minimize_scalar(lambda x: x / 2 / mttf + w / x,
                                    bounds=(1, 1e5), method="bounded",
                                    options={"xatol": 1e-9}).x
    put("ettr", mttf, u + q, d, w, "=", min(max(value, 0), 1), best)


def usl(n, x):
    rows = np.stack([np.ones_like(n), n - 1, n * (n - 1)], 1) * (x / n)[:, None]
    (a, b, c), norm = optimize.nnls(rows, np.ones_like(n))
    return 1 / a, b / a, c / a, norm / np.sqrt(len(n))


for sigma, kappa, noise, counts in ((.05, .0004, .01, (1, 2, 4, 8, 16, 32, 64)),
                                    (.02, 0, .02, (8, 16, 32, 64, 128)),
                                    (0, 0, .01, (1, 1, 2, 2, 4, 4, 8, 8)),
                                    (.3, .01, 0, (1, 4, 9, 12))):
    n = np.array(counts, float)
    x = 1000 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
    x *= np.exp(noise * rng.normal(size=len(n)))
    lam, s, k, err = usl(n, x)
    left = [usl(np.delete(n, i), np.delete(x, i)) for i in range(len(n))]

    def se(column, f=lambda v: v):
        values = f(np.array([l[column] for l in left]))
        return np.sqrt((len(n) - 1) / len(n) * np.sum((values - values.mean()) ** 2))
    put("usl", len(n), *[v for row in zip(n, x) for v in row], "=", lam, s, k,
        err, se(1), se(2))

for n, bs, bb in ((200, 8, 64), (1500, 4, 128)):
    big = np.abs(1 + 20 / bb + .2 * rng.normal(size=n))
    small = np.abs(1 + 20 / bs + .8 * rng.normal(size=n))
    g = (bb * big - bs * small) / (bb - bs)
    s = (small - big) / (1 / bs - 1 / bb)
    mg = ms = 0.
    for i in range(n):  # averages and their bias, as they are usually written
        mg, ms = .99 * mg + .01 * g[i], .99 * ms + .01 * s[i]
    bias = 1 - .99 ** n
    w = .99 ** np.arange(n)[::-1]
    after = np.cumsum(w[::-1])[::-1] - w  # weight of the newer steps
    block = np.minimum((20 * (after + w / 2) / w.sum()).astype(int), 19)
    logs = [np.log((w * s)[block != b].sum() / (w * g)[block != b].sum())
            for b in range(20)]
    put("noise", n, bs, bb, *[v for row in zip(small, big) for v in row], "=",
        mg / bias, ms / bias, ms / mg,
        np.sqrt(19 / 20 * np.sum((logs - np.mean(logs)) ** 2)))

for steps, ranks, slow, excess in ((80, 8, 3, .12), (80, 8, 3, 0), (60, 2, 1, .2),
                                   (40, 5, 4, .03)):
    t = 1 + .01 * rng.normal(size=(steps, ranks))
    t[10:, slow] *= 1 + excess
    median = np.median(t, 1) if ranks > 2 else t.min(1)
    s = t / median[:, None]
    worst = np.bincount(t.argmax(1), minlength=ranks)
    rank = int(worst.argmax())
    average, streak, longest = np.ones(ranks), 0, 0
    for row in s:
        average = average + .1 * (row - average)
        mad = np.median(np.abs(average - np.median(average))) * (ranks > 2)
        streak = streak + 1 if average[rank] > 1 + max(3 * mad, .05) else 0
        longest = max(longest, streak)
    p = min(1., ranks * stats.binom.sf(worst[rank] - 1, steps, 1 / ranks))
    flagged = (longest >= 20 and p < .001 and
               worst[rank] / steps > min(3 / ranks, (1 + 1 / ranks) / 2))
    put("straggler", steps, ranks, *t.ravel(), "=", rank, flagged,
        s[:, rank].mean() - 1, worst[rank] / steps, p, longest,
        (t.max(1) - median).sum())
