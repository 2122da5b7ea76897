"""test_binary_logs.py - damaged event files and NumPy evaluations, from files
that nobody here wrote (../shared)."""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import shutil
import tempfile

from shared import km, need_shared, run

# kind of damage: exit status of the import
DAMAGE = {"cut_at_record": 0, "cut_in_header": 0, "cut_in_body": 0,
          "cut_in_footer": 0, "zero_tail": 0, "empty": 0,
          "flip_body_byte": 3, "flip_length_byte": 3, "huge_length": 3}
WHOLE, BEFORE, AT = 1932, 966, 67640  # points, points and offset of the damage


def points(store):
    """How many points a store holds."""
    code, out, err = km("metrics", "--store", store, "--json")
    assert code == 0, err
    return sum(json.loads(line)["n"] for line in out.splitlines())


def damaged_files():
    """Paths by kind of damage."""
    folder = need_shared("data", "logs", "tfevents_damaged")
    return {name.rsplit(".", 1)[1]: os.path.join(folder, name)
            for name in os.listdir(folder)}


def damage_ends_as_documented():
    """damaged event files: what is before is kept, the offset is named"""
    files = damaged_files()
    assert set(files) == set(DAMAGE), sorted(files)
    for kind, path in files.items():
        with tempfile.TemporaryDirectory() as work:
            store = os.path.join(work, "store")
            code, _, err = km("import", path, "--store", store)
            assert code == DAMAGE[kind], (kind, code, err)
            if code:
                assert f"byte {AT}" in err, (kind, err)
            kept = points(store)
            assert kept == (0 if kind == "empty" else BEFORE), (kind, kept)


def salvage_goes_around():
    """damaged event files: --salvage loses the damaged record alone"""
    for kind in ("flip_body_byte", "flip_length_byte", "huge_length"):
        with tempfile.TemporaryDirectory() as work:
            store = os.path.join(work, "store")
            code, _, err = km("import", "--salvage", damaged_files()[kind],
                              "--store", store, "--quiet")
            assert code == 0, (kind, code, err)
            assert points(store) == WHOLE - 1, (kind, points(store))


def a_torn_file_resumes():
    """a torn event file goes on when the rest arrives, at any cut"""
    files = damaged_files()
    folder = need_shared("data", "logs", "tfevents")
    name = os.path.basename(files["empty"]).rsplit(".", 1)[0]
    whole = next(os.path.join(at, name) for at, _, names in os.walk(folder)
                 if name in names)
    with open(whole, "rb") as file:
        data = file.read()
    with tempfile.TemporaryDirectory() as work:
        store, path = os.path.join(work, "store"), os.path.join(work, name)
        for kind in ("cut_in_header", "cut_in_body", "cut_in_footer"):
            shutil.copy(files[kind], path)
            code, _, err = km("import", path, "--store", store, "--quiet")
            assert code == 0 and points(store) == BEFORE, (kind, code, err)
        for size in (100000, 100001, len(data)):
            with open(path, "wb") as file:
                file.write(data[:size])
            code, _, err = km("import", path, "--store", store, "--quiet")
            assert code == 0, err
        assert points(store) == WHOLE, points(store)


def evaluations_match():
    """evaluations.npz: every row's mean and episode length"""
    with open(need_shared("data", "logs", "truth", "sb3_npz.json"),
              encoding="utf-8") as file:
        truth = json.load(file)
    for path, known in truth.items():
        arrays = known["arrays"]
        full = need_shared("data", "logs", path)
        with tempfile.TemporaryDirectory() as work:
            store = os.path.join(work, "store")
            code, _, err = km("import", full, "--store", store, "--quiet")
            assert code == 0, err
            _, out, _ = km("metrics", "--store", store, "--json")
            series = {(row := json.loads(line))["metric"]: row
                      for line in out.splitlines()}
            _, out, _ = km("evals", "--store", store, "--json")
            means = [json.loads(line)["value"] for line in out.splitlines()]
        check_evaluations(path, arrays, series, means)


def check_evaluations(path, arrays, series, means):
    """Series and evaluations of one archive against the arrays' truths."""
    steps, results = arrays["timesteps.npy"], arrays["results.npy"]
    lengths = arrays["ep_lengths.npy"]
    rows, columns = steps["shape"][0], results["shape"][1]
    reward = series["eval/mean_reward"]
    assert reward["n"] == rows == len(means), path
    assert (reward["first_step"], reward["last_step"]) == (
        steps["first"], steps["last"]), path
    assert math.isclose(reward["sum"] * columns, results["sum"],
                        rel_tol=1e-9), path
    wanted = results.get("row_means")
    if wanted:
        assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
                   for a, b in zip(sorted(means), sorted(wanted))), path
    assert math.isclose(series["eval/mean_ep_length"]["sum"] * columns,
                        lengths["sum"], rel_tol=1e-9), path


if __name__ == "__main__":
    run(damage_ends_as_documented, salvage_goes_around, a_torn_file_resumes,
        evaluations_match)
