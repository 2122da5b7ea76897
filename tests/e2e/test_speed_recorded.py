"""test_speed_recorded.py - speed of public runs and of runs of our own making.

Public AlgoPerf logs, which say how long their evaluations took; and runs that a
program records through the client library, of which this test knows every step.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import statistics
import subprocess
import tempfile
import time

from shared import KM, km, need_shared, run

RECORDER = os.path.join(os.path.dirname(KM), "tests", "e2e", "recorder")


class Recorder:
    """A program that logs what it is told to, through libknotmeter."""

    def __init__(self, folder, name, rank=0, world=1, device=""):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("KNOTMETER")}
        self.program = subprocess.Popen(
            [RECORDER, os.path.join(folder, "journal"), "lab", name, str(rank),
             str(world), device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    def tell(self, *words):
        """One command."""
        print(*words, file=self.program.stdin)

    def sync(self):
        """Returns when all that was told is recorded."""
        self.tell("done")
        self.program.stdin.flush()
        assert self.program.stdout.readline() == "done\n"

    def kill(self):
        """The program ends as if by kill -9, with what it was told recorded."""
        self.sync()
        self.program.kill()
        self.program.communicate()

    def close(self):
        """The program ends by itself."""
        self.program.communicate()
        assert self.program.returncode == 0


def imported(folder, *paths):
    """The store with these sources."""
    store = os.path.join(folder, "store")
    code, _, err = km("import", *paths, "--store", store, "--quiet")
    assert code == 0, err
    return store


def figures(store, *words):
    """{(id, variant): figure} of the command's one card."""
    code, out, err = km(*words, "--store", store, "--format", "json", "--quiet")
    assert code == 0, (words, err)
    page = json.loads(out)
    found = page["figures"] if "figures" in page else page["runs"][0]["figures"]
    return {(f["id"], f["variant"]): f for f in found}


def points(store, name):
    """{metric: [(step, time, value)]} of a run."""
    code, out, err = km("export", "--store", store, name, "--format", "jsonl",
                        "--quiet")
    assert code == 0, err
    series = {}
    for line in out.splitlines():
        p = json.loads(line)
        series.setdefault(p["metric"], []).append(
            (p["step"], p["time"], p["value"]))
    return series


def near(actual, expected, relative, what):
    """Fails unless they are within `relative` of each other."""
    print(f"# {what}: {actual:.6g}, expected {expected:.6g}")
    assert abs(actual - expected) <= relative * abs(expected), what


def evaluated(series):
    """Seconds of evaluation between the first and the last loss, by the run's
    own sum of them, each ended when it was logged."""
    start, end = series["loss"][0][1], series["loss"][-1][1]
    seconds, before = 0, 0
    for _, at, total in series["accumulated_eval_time"]:
        seconds += max(min(at, end) - max(at - (total - before), start), 0)
        before = total
    return seconds, end - start


def public_runs_spent_their_clock_as_they_say():
    """AlgoPerf: time lost to evaluations is the run's own sum, within 1 %"""
    top = need_shared("data", "logs", "tfevents",
                      "mlcommons+submissions_algorithms")
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, top)
        _, out, _ = km("runs", "--store", store, "--json")
        names = [json.loads(line)["run"] for line in out.splitlines()]
        assert len(names) == 8, names
        for name in names:
            seconds, clock = evaluated(points(store, name))
            got = figures(store, "report", name)
            shares = {v: f["value"] for (i, v), f in got.items()
                      if i == "speed.goodput"}
            near(sum(shares.values()), 1, 1e-9, "all shares")
            near(shares["lost to evaluation"], seconds / clock, 0.01,
                 "/".join(name.split("/")[-2:]))


def a_public_run_changed_its_speed_as_its_clock_says():
    """AlgoPerf fastMRI: slow steps until the data was read once, then quick ones"""
    top = need_shared("data", "logs", "tfevents",
                      "mlcommons+submissions_algorithms", "algoperf_v06", "logs",
                      "external_tuning", "baseline", "study_0", "fastmri_jax",
                      "trial_1")
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, top)
        _, out, _ = km("runs", "--store", store, "--json")
        name = json.loads(out)["run"]
        spent = points(store, name)["accumulated_submission_time"]
        pace = [((b[0] + a[0]) / 2, (b[2] - a[2]) / (b[0] - a[0]))
                for a, b in zip(spent, spent[1:])]
        slow = [p for _, p in pace if p > 1]
        quick = [p for _, p in pace if p < 0.2]
        between = [at for at, p in pace if 0.2 <= p <= 1]
        change = figures(store, "report", name)["speed.change", ""]
        near(change["value"],
             statistics.geometric_mean(slow) / statistics.geometric_mean(quick)
             - 1, 0.15, "how many times as fast")
        step = int(change["reason"].split("step ")[1].split(";")[0])
        last = max(at for at, p in pace if p > 1)
        first = min(at for at, p in pace if p < 0.2)
        assert last <= step <= first, (last, step, first, between)


def hand_calculation_of_utilisation():
    """MFU of a run of the client library is that of a calculation by hand"""
    params, layers, heads, head_dim, length = 124000000, 12, 12, 64, 1024
    tokens, seconds, devices, peak = 491520, 0.25, 8, 989e12
    with tempfile.TemporaryDirectory() as folder:
        log = Recorder(folder, "gpt2", device=f"{devices} x H100")
        log.tell("model", params, layers, heads, head_dim, length)
        log.tell("number tokens_per_step", tokens)
        for step in range(1, 401):
            log.tell("at", step, seconds * step, "loss", 3 + 1 / step)
        log.close()
        store = imported(folder, os.path.join(folder, "journal"))
        got = figures(store, "report")
        flop = 6 * params + 12 * layers * heads * head_dim * length
        near(got["speed.mfu", ""]["value"],
             tokens / seconds * flop / (devices * peak), 1e-6, "MFU")
        rate = got["speed.throughput", "tokens"]
        near(rate["value"] * {"tok/s": 1, "Mtok/s": 1e6}[rate["unit"]],
             tokens / seconds, 1e-6, "tokens a second")


class Pacer:
    """A training that really takes its time: it measures what it does."""

    def __init__(self, log):
        self.log = log
        self.losses, self.data, self.saves = [], {}, []

    def step(self, step, save=False):
        """Waits for data, computes, and saves, each for some milliseconds."""
        start = time.time()
        time.sleep(0.003)
        self.data[step] = time.time() - start
        time.sleep(0.007)
        self.log.tell("log", step, "data_time", self.data[step])
        self.log.tell("log", step, "loss", 3 + 1 / step)
        self.log.sync()
        self.losses.append((step, time.time()))
        if save:
            start = time.time()
            time.sleep(0.1)
            self.saves.append(time.time() - start)
            detail = {"seconds": self.saves[-1]}
            self.log.tell("event checkpoint", step, json.dumps(detail))
            self.log.sync()


def paced_run(folder):
    """Killed at step 130, goes on from its checkpoint at step 100 half a second
    later, ends at 200; returns both stretches."""
    made = []
    for first, last in (1, 130), (101, 200):
        log = Recorder(folder, "paced")
        pacer = Pacer(log)
        for step in range(first, last + 1):
            pacer.step(step, save=step % 25 == 0 and step < last)
        made.append(pacer)
        if first == 1:
            log.kill()
            time.sleep(0.5)
        else:
            log.close()
    return made


def what_time_went_into_is_found():
    """goodput and ETTR of a run that was killed: waits, saves, redone steps"""
    with tempfile.TemporaryDirectory() as folder:
        one, two = paced_run(folder)
        store = imported(folder, os.path.join(folder, "journal"))
        got = figures(store, "report")
        clock = two.losses[-1][1] - one.losses[0][1]
        again = one.losses[-1][1] - next(t for s, t in one.losses if s == 100)
        kept = {s: d for s, d in one.data.items() if 1 < s <= 100}
        kept.update({s: d for s, d in two.data.items() if s > 101})
        # the save after step 100 stands in the stretch of the first step that
        # was thrown away, the one after 125 among them
        saves = sum(one.saves[:3]) + sum(two.saves)
        restart = two.losses[0][1] - one.losses[-1][1]
        share = {v: f["value"] for (i, v), f in got.items()
                 if i == "speed.goodput"}
        near(sum(share.values()), 1, 1e-9, "all shares")
        near(share["lost to waiting for data"] * clock, sum(kept.values()),
             0.03, "seconds waited for data")
        near(share["lost to checkpoint"] * clock, saves, 0.03, "of saves")
        near(share["lost to restart"] * clock, restart, 0.03, "of restart")
        near(share["lost to redone steps"] * clock, again, 0.03, "done again")
        all_saves = one.saves + two.saves
        made = clock - saves - restart
        each, between = saves / len(all_saves), made / len(all_saves)
        near(got["speed.ettr", ""]["value"],
             (1 - (restart + between / 2) / clock) / (1 + each / between), 0.03,
             "expected training-time ratio")
        near(got["speed.ettr", "best checkpoint interval"]["value"] * 60,
             math.sqrt(2 * each * clock), 0.03, "Young's interval")


def slow_rank_is_found_by_its_journal():
    """straggler: one of eight ranks, each with a journal of its own"""
    ranks, steps, slow = 8, 300, 5
    rng = random.Random(4)
    times = [[rng.lognormvariate(0, 0.03) * (1.25 if r == slow else 1)
              for r in range(ranks)] for _ in range(steps)]
    with tempfile.TemporaryDirectory() as folder:
        for rank in range(ranks):
            log = Recorder(folder, "wide", rank=rank, world=ranks)
            at = 0
            for step, row in enumerate(times, 1):
                at += max(row)
                log.tell("at", step, at, "step_time", row[rank])
                if rank == 0:
                    log.tell("at", step, at, "loss", 3 + 1 / step)
            log.close()
        store = imported(folder, os.path.join(folder, "journal"))
        got = figures(store, "report")
        excess = statistics.mean(row[slow] / statistics.median(row)
                                 for row in times) - 1
        lost = sum(max(row) - statistics.median(row) for row in times) \
            / sum(max(row) for row in times)
        rank = got["speed.straggler", "slowest rank"]
        near(rank["value"], excess, 1e-9, "excess of the slowest rank")
        near(got["speed.straggler", "time lost"]["value"], lost, 1e-9,
             "share of time lost")
        said = " ".join([rank["reason"], *rank["evidence"]])
        assert f"rank {slow}" in said, said


def noise_of_gradients_is_found():
    """noise scale of real sums of gradients: a mean and a noise that are known"""
    dims, small, big, steps = 20, 4, 32, 600
    rng = random.Random(2)
    mean = [rng.gauss(0, 0.5) for _ in range(dims)]
    sigma = [rng.uniform(0.5, 2) for _ in range(dims)]
    true = sum(s * s for s in sigma) / sum(m * m for m in mean)
    with tempfile.TemporaryDirectory() as folder:
        log = Recorder(folder, "noise")
        log.tell("number noise_batch_small", small)
        log.tell("number noise_batch_big", big)
        log.tell("number global_batch_size", big)
        for step in range(1, steps + 1):
            sums, norms = [0] * dims, []
            for example in range(1, big + 1):
                for d in range(dims):
                    sums[d] += rng.gauss(mean[d], sigma[d])
                if example in (small, big):
                    norms.append(math.hypot(*sums) / example)
            log.tell("at", step, step, "loss", 3 + 1 / step)
            log.tell("at", step, step, "grad_norm_small", norms[0])
            log.tell("at", step, step, "grad_norm_big", norms[1])
        log.close()
        store = imported(folder, os.path.join(folder, "journal"))
        got = figures(store, "report")
        scale = got["speed.noise_scale", ""]
        near(scale["value"], true, 0.15, "noise scale")
        assert scale["lo"] <= true <= scale["hi"], scale
        near(got["speed.noise_scale", "over the batch"]["value"],
             scale["value"] / big, 1e-9, "over the batch")


run(public_runs_spent_their_clock_as_they_say,
    a_public_run_changed_its_speed_as_its_clock_says,
    hand_calculation_of_utilisation, what_time_went_into_is_found,
    slow_rank_is_found_by_its_journal, noise_of_gradients_is_found)
