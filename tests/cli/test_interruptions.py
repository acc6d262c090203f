"""Ctrl-C, SIGTERM and SIGKILL: whatever hits a run, its checkpoint is whole and it can go on."""

import json
import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.training.parallel import Workers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")

LONG = ["--steps=1000000", "--eval-every=1000000"]


class Running:
    """A training run in a process of its own, and what it says."""

    def __init__(self, argv, before="", **options):
        code = f"{before}\nimport sys\nfrom minillm.cli import main\nraise SystemExit(main(sys.argv[1:]))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, argv)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def wait_for(self, words):
        """Until it has said these words."""
        for line in self.process.stderr:
            if words in line:
                return
        raise AssertionError(f"it never said {words!r}")

    def wait_until_logged(self, run, words):
        """Until the run's log has these words."""
        while not ((run / "log.jsonl").exists() and words in (run / "log.jsonl").read_text(encoding="utf-8")):
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    def signal(self, number) -> float:
        self.process.send_signal(number)
        return time.monotonic()

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def state(run) -> dict:
    with safe_open(run / "trainer.safetensors", framework="numpy") as file:
        return json.loads(file.metadata()["state"])


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_stops_within_a_step_saved_and_the_command_to_go_on_works(call, tiny, plain, tmp_path, number, code):
    number = getattr(signal, number)
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup")
    run = tmp_path / "my run"
    with Running([*tiny, *LONG, "--out", run]) as running:
        running.wait_until_logged(run, '"step": 20,')
        sent = running.signal(number)
        ended = running.end()
        assert time.monotonic() - sent < 3, "a step takes a few milliseconds"
    assert ended[:2] == (code, "")
    assert "Traceback" not in ended[2]
    step = int(re.search(r"Stopped after step ([\d,]+), saved", ended[2])[1].replace(",", ""))
    assert step == state(run)["step"] > 10
    argv = shlex.split(re.search(r"-m minillm (pretrain --resume .*)", ended[2])[1])
    assert call(*argv, "--stop-at", step + 2)[0] == 0
    assert state(run)["step"] == step + 2
    assert call("generate", "--checkpoint", run, "--max-tokens=2")[0] == 0


def test_a_run_whose_reader_has_left_goes_on(tiny, tmp_path):
    command = (
        f"('{sys.executable}' -m minillm {shlex.join(tiny)} --out '{tmp_path}/run' 2>&1; echo $? > code) | head -n 1"
    )
    subprocess.run(command, shell=True, check=True, capture_output=True)
    with open("code", encoding="utf-8") as file:
        assert file.read() == "0\n"
    assert state(tmp_path / "run")["step"] == 40


def test_a_signal_during_the_first_evaluation(call, tiny, plain, tmp_path):
    slow = "import sys, time, minillm.training.trainer as t; real = t.batch_loss\n"
    slow += "def slow(*a):\n    print('evaluating', file=sys.stderr, flush=True); time.sleep(0.1)\n"
    slow += "    return real(*a)\nt.batch_loss = slow"
    with Running([*tiny, "--batch=1", "--out", tmp_path / "run"], before=slow) as running:
        running.wait_for("evaluating")
        running.signal(signal.SIGINT)
        code, _, err = running.end()
    assert code == 130 and "Stopped after step 0, saved" in err
    assert call("pretrain", "--resume", "--out", tmp_path / "run")[0] == 0
    assert call(*tiny, "--batch=1", "--out", tmp_path / "whole")[0] == 0
    for name in ("model.safetensors", "log.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


SLOW_DISK = """
import os, sys, time
fsync, calls = os.fsync, 0
def slow(file):
    global calls
    calls += 1
    if calls > 13:  # of six files content and name: the folder is begun, and the checkpoint of step 0 written
        print("writing", file=sys.stderr, flush=True)
        time.sleep(60)
    fsync(file)
os.fsync = slow
"""


def test_a_second_ctrl_c_does_not_wait_and_the_checkpoint_is_still_whole(call, tiny, plain, tmp_path):
    run = tmp_path / "run"
    before = SLOW_DISK + "import minillm.cli.session as p; p.draw_curve = lambda *a: None"
    with Running([*tiny, *LONG, "--out", run], before=before) as running:
        running.wait_until_logged(run, '"step": 1,')
        running.signal(signal.SIGINT)
        running.wait_for("writing")
        sent = running.signal(signal.SIGINT)
        code, _, err = running.end()
        assert time.monotonic() - sent < 3
    assert code == 130 and "Traceback" not in err
    assert "Stopped at once" in err and "pretrain --resume --out" in err
    assert state(run)["step"] == 0
    assert not list(run.glob("*.part"))
    assert call("pretrain", "--resume", "--out", run, "--stop-at=3")[0] == 0


def test_ctrl_c_before_training_begins(call, tiny, plain, tmp_path):
    before = "import minillm.cli.session as p, time, sys\n"
    before += (
        "def announce(*a): print('planning', file=sys.stderr, flush=True); time.sleep(60)\np.announce_plan = announce"
    )
    with Running([*tiny, "--out", tmp_path / "run"], before=before) as running:
        running.wait_for("planning")
        running.signal(signal.SIGINT)
        code, _, err = running.end()
    assert code == 130 and "Traceback" not in err and "pretrain --resume --out" in err
    assert call("pretrain", "--resume", "--out", tmp_path / "run")[0] == 0


# Forks the run from a process that has everything imported, so that the kills fall on work and not on imports.
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
import minillm.cli.session, minillm.plots
from minillm.cli import main
from minillm.training import load
from minillm.training.run import FILES, STATE, WEIGHTS
from safetensors.numpy import load_file

def start(argv):
    child = os.fork()
    if not child:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
        os._exit(main(argv))
    return child

folder, seed, *begin = sys.argv[1:]
rng = random.Random(int(seed))
clock = time.perf_counter()
os.waitpid(start([*begin, "--out", folder + "/whole"]), 0)
longest = (time.perf_counter() - clock) / 2
kills, number, begun = 0, 0, 0
while True:
    run = Path(folder, f"run-{number}")
    if (run / "trainer.json").exists():
        argv = ["pretrain", "--resume", "--out", str(run)]
        begun += 1
    else:
        argv = [*begin, "--overwrite", "--out", str(run)]
    child = start(argv)
    if kills < 20:
        time.sleep(rng.uniform(0, longest))
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if not os.WIFSIGNALED(status):
        assert status == 0, (argv, status)
        number += 1
        if kills >= 20:
            break
        continue
    kills += 1
    if (run / "trainer.json").exists():
        load_file(run / STATE)
        if (run / WEIGHTS).exists():
            load(run)
print(number, begun)
"""


def test_killed_at_twenty_random_moments_a_run_ends_as_if_undisturbed(tiny, tmp_path):
    """The seed is another one each time: the moments depend on the machine anyhow."""
    begin = [*tiny, "--steps=12", "--eval-every=3", "--layers=1"]
    argv = [sys.executable, "-c", KILLER, str(tmp_path), str(time.time_ns()), *begin]
    answer = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert answer.returncode == 0, answer.stderr
    runs, resumed = map(int, answer.stdout.split())
    assert runs >= 1 and resumed >= 3
    whole = tmp_path / "whole"
    for run in (tmp_path / f"run-{number}" for number in range(runs)):
        for name in ("model.safetensors", "log.jsonl", "config.json", "tokenizer.json"):
            assert (run / name).read_bytes() == (whole / name).read_bytes(), (run, name)
        ours, theirs = load_file(run / "trainer.safetensors"), load_file(whole / "trainer.safetensors")
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


# Workers --------------------------------------------------------------------------------------------------------------


def children(process) -> list[int]:
    """The workers of a run, and no helper of theirs."""
    asked = ["pgrep", "-P", str(process.pid), "-f", "spawn_main"]
    return [int(word) for word in subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()]


@pytest.mark.parametrize("deaths", [(8,), (8, 12), (2, 4)], ids=str)
def test_one_death_of_a_worker_is_made_good_and_a_second_one_stops_the_run_saved(
    call, tiny, plain, tmp_path, monkeypatch, deaths
):
    argv = [*tiny, "--workers=2", "--steps=10", "--eval-batches=4", "--eval-every=4"]
    assert call(*argv, "--out", tmp_path / "whole")[0] == 0
    calls, work = 0, Workers._run

    def deadly(*args):
        nonlocal calls
        calls += 1
        if calls in deaths:
            for process in multiprocessing.active_children():
                process.kill()
                process.join()
        return work(*args)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Workers, "_run", deadly)
        code, out, err = call(*argv, "--out", run)
    if len(deaths) == 1:
        assert code == 0
    else:
        assert (code, out) == (2, "") and "Traceback" not in err
        stopped, command, wrong, remedy = err.splitlines()[-4:]
        assert stopped == f"Stopped after step {state(run)['step']}, saved in {run}. To go on:"
        assert "has died, for the second time" in wrong and "--workers 1" in remedy
        assert call(*shlex.split(re.search(r"-m minillm (pretrain --resume .*)", command)[1]))[0] == 0
    for name in ("model.safetensors", "log.jsonl"):
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    ours, theirs = (load_file(folder / "trainer.safetensors") for folder in (run, tmp_path / "whole"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_worker_that_was_stopped_cannot_keep_a_run_from_ending(call, tiny, tmp_path):
    """The first Ctrl-C waits for it; the second one doesn't."""
    run = tmp_path / "run"
    with Running([*tiny, *LONG, "--workers=3", "--out", run]) as running:
        running.wait_until_logged(run, '"step": 20,')
        workers = children(running.process)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGSTOP)
        logged = None
        while logged != (logged := (run / "log.jsonl").read_bytes()):  # until the others wait for it
            time.sleep(0.5)
        running.signal(signal.SIGINT)
        time.sleep(0.5)
        assert running.process.poll() is None
        running.signal(signal.SIGINT)
        code, _, err = running.end()
    assert code == 130 and "Traceback" not in err and "Stopped at once" in err
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert call("pretrain", "--resume", "--out", run, "--stop-at=3")[0] == 0


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_ctrl_c_while_workers_start_brings_no_word_of_theirs(tiny, tmp_path, monkeypatch, number):
    """A terminal sends it to all processes. The workers have not come to the first line of theirs."""
    slow_start = "import sys, time\nif '--multiprocessing-fork' in sys.orig_argv:\n    time.sleep(1)\n"
    (tmp_path / "sitecustomize.py").write_text(slow_start, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    tell = "import multiprocessing.context as c, sys; start = c.SpawnProcess.start\n"
    tell += "def tell(process):\n    start(process); print('started', file=sys.stderr, flush=True)\n"
    tell += "c.SpawnProcess.start = tell"
    with Running([*tiny, *LONG, "--workers=4", "--out", tmp_path / "run"], tell, start_new_session=True) as running:
        for _ in range(3):
            running.wait_for("started")
        workers = children(running.process)
        os.killpg(running.process.pid, getattr(signal, number))
        code, _, err = running.end()  # which waits until the last of them has closed the stream
    assert code == (130 if number == "SIGINT" else -signal.SIGTERM)
    assert "Traceback" not in err and len(workers) == 3
