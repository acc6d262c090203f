"""Training on several ranks, by a real mpiexec: as one process does it, stopped and gone on with, ended by what fails on one rank."""

import importlib.util
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.cli.test_interruptions import LONG, state
from tests.words import WORDS

MPIEXEC = shutil.which("mpiexec", path=Path(sys.executable).parent)
pytestmark = pytest.mark.skipif(
    MPIEXEC is None or importlib.util.find_spec("mpi4py") is None,
    reason="needs mpi4py and mpich: pip install mpi4py mpich",
)
QUICK = ["--batch=5", "--layers=1", "--workers=1", "--steps=12", "--eval-every=4", "--eval-batches=3"]
MAIN = """
import sys, minillm.cli.session
minillm.cli.session.draw_curve = lambda job: None
raise SystemExit(minillm.cli.main(sys.argv[1:]))
"""


def command(*ranks) -> list[str]:
    """mpiexec with groups of ranks: (how many, arguments, what they run before)."""
    words = []
    for count, argv, *before in ranks:
        words += [":", "-n", str(count), sys.executable, "-c", "".join(before) + MAIN, *map(str, argv)]
    return [MPIEXEC, *words[1:]]


def on_ranks(*ranks) -> tuple[int, str]:
    """The exit code and what was said, on stderr."""
    done = subprocess.run(command(*ranks), capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def log(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def assert_same_course(run: Path, other: Path):
    """The same losses, to the rounding of float32."""
    ours, theirs = log(run), log(other)
    assert [step.keys() for step in ours] == [step.keys() for step in theirs]
    for one, two in zip(ours, theirs, strict=True):
        assert list(one.values()) == pytest.approx(list(two.values()), rel=1e-6)


@pytest.fixture
def pretrain(tiny) -> list[str]:
    return [*tiny, *QUICK]


def test_two_ranks_with_two_workers_each_learn_what_one_process_does(call, pretrain, plain, tmp_path):
    code, said = on_ranks((2, [*pretrain, "--workers=2", "--out", tmp_path / "ranks"]))
    assert code == 0, said
    assert call(*pretrain, "--out", tmp_path / "alone")[0] == 0
    assert_same_course(tmp_path / "ranks", tmp_path / "alone")
    assert said.count("done ") == 1 and said.count("validation loss") == 6, "only one of them speaks"
    assert "2 processes that share each batch" in said


def test_a_run_goes_on_with_any_number_of_ranks_and_bit_for_bit_with_as_many(call, pretrain, plain, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert on_ranks((2, [*pretrain, "--out", whole]))[0] == 0
    assert on_ranks((2, [*pretrain, "--out", stopped, "--stop-at=5"]))[0] == 0
    other = Path(shutil.copytree(stopped, tmp_path / "other"))
    assert on_ranks((2, ["pretrain", "--resume", "--out", stopped]))[0] == 0
    for name in ("model.safetensors", "log.jsonl"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()
    ours, theirs = load_file(stopped / "trainer.safetensors"), load_file(whole / "trainer.safetensors")
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    assert on_ranks((4, ["pretrain", "--resume", "--out", other, "--stop-at=9"]))[0] == 0
    assert call("pretrain", "--resume", "--out", other)[0] == 0
    assert_same_course(other, whole)


APART = """
from minillm.training import gradient_sum, mpi
gradient_sum.MESSAGE = 0
class Apart(mpi.Ranks):
    apart = property(lambda self: True, lambda self, found: None)
mpi.Ranks = Apart
"""


def test_ranks_with_a_network_between_them_learn_bit_for_bit_the_same(pretrain, plain, tmp_path):
    """Though they sum the gradient in pieces while they compute it, from the second step on, or the first after they go on."""
    whole, apart = tmp_path / "whole", tmp_path / "apart"
    assert on_ranks((2, [*pretrain, "--out", whole]))[0] == 0
    assert on_ranks((2, [*pretrain, "--out", apart, "--stop-at=5"], APART))[0] == 0
    assert on_ranks((2, ["pretrain", "--resume", "--out", apart], APART))[0] == 0
    for name in ("model.safetensors", "log.jsonl"):
        assert (apart / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.parametrize("kind", ["finetune", "align"])
def test_other_commands_train_on_ranks_too(call, kind, finished_run, masked_run, labelled, plain, tmp_path):
    pairs = tmp_path / "pairs.jsonl"
    lines = [{"prompt": a, "chosen": b, "rejected": c} for a, b, c in itertools.permutations(WORDS[:4], 3)]
    pairs.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    kto = "--method=kto"  # where the loss of a row depends on the other rows
    own = {
        "finetune": ["--checkpoint", masked_run, "--data", labelled, "--dropout=0"],
        "align": ["--checkpoint", finished_run, "--pairs", pairs, kto],
    }[kind]
    argv = [kind, *own, "--steps=4", "--eval-every=2", "--batch=5", "--workers=1"]
    code, said = on_ranks((2, [*argv, "--out", tmp_path / "ranks"]))
    assert code == 0, said
    assert call(*argv, "--out", tmp_path / "alone")[0] == 0
    assert_same_course(tmp_path / "ranks", tmp_path / "alone")


def test_what_takes_seconds_is_done_by_one_rank(masked_run, labelled, tmp_path):
    given = ["--checkpoint", masked_run, "--data", labelled, "--out", tmp_path / "run"]
    code, said = on_ranks((2, ["finetune", "--freeze=body", *given]))
    assert code == 0 and said.count("next    ") == 1 and (tmp_path / "run" / "model.safetensors").exists()


class Job:
    """A job of three ranks that would train for long, once it does."""

    def __init__(self, argv, run, *others):
        self.run = run
        self.process = subprocess.Popen(
            command((1, argv), *others) if others else command((3, argv)), stderr=subprocess.PIPE, text=True
        )

    def __enter__(self):
        end = time.monotonic() + 120
        while not ((self.run / "log.jsonl").exists() and '"step": 20,' in (self.run / "log.jsonl").read_text("utf-8")):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise AssertionError(self.process.communicate())
            time.sleep(0.05)
        asked = ["pgrep", "-f", re.escape(str(self.run))]
        found = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        self.ranks = [int(word) for word in found if int(word) != self.process.pid]
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[int, str]:
        """Its exit code, and what it said."""
        _, said = self.process.communicate(timeout=120)
        return self.process.returncode, said


def command_to_go_on(said: str, run: Path) -> str:
    (line,) = {line.strip() for line in said.splitlines() if "--resume" in line}
    assert line == f"mpiexec -n 3 {line.split(' ', 3)[3]}" and line.endswith(f"--resume --out {shlex.quote(str(run))}")
    return line


def test_a_signal_to_mpiexec_stops_all_ranks_saved(call, pretrain, plain, tmp_path):
    run = tmp_path / "run"
    with Job([*pretrain, *LONG, "--out", run], run) as job:
        job.process.send_signal(signal.SIGTERM)
        code, said = job.end()
    assert code and f"Stopped after step {state(run)['step']}, saved in {run}" in said
    assert state(run)["step"] >= 20
    command_to_go_on(said, run)
    assert call("pretrain", "--resume", "--out", run, f"--steps={state(run)['step'] + 1}")[0] == 0


@pytest.mark.parametrize("which", [0, 2])
def test_a_rank_that_is_killed_ends_all_with_the_last_checkpoint_whole(call, pretrain, plain, tmp_path, which):
    """Whichever it is. The command to go on was told when training began."""
    run = tmp_path / "run"
    with Job([*pretrain, *LONG, "--eval-every=5", "--out", run], run) as job:
        ranks = [pid for pid in job.ranks if "spawn_main" not in Path(f"/proc/{pid}/cmdline").read_text()]
        os.kill(sorted(ranks)[-3:][which], signal.SIGKILL)
        code, said = job.end()
    assert code and "Stopped after" not in said
    command_to_go_on(said, run)
    step = state(run)["step"]
    assert step >= 15 and step % 5 == 0
    assert call("pretrain", "--resume", "--out", run, f"--steps={step + 2}")[0] == 0


FAILS = """
from minillm.training.optimizers import AdamW
def step(self, *given, step=AdamW.step, **named):
    if self.steps == 7:
        raise MemoryError("of this rank alone")
    step(self, *given, **named)
AdamW.step = step
"""


@pytest.mark.parametrize("which", [0, 1])
def test_an_error_on_one_rank_alone_ends_all_and_is_told(pretrain, tmp_path, which):
    run = tmp_path / "run"
    argv = [*pretrain, *LONG, "--eval-every=5", "--out", run]
    ranks = [(1, argv), (1, argv)]
    ranks[which] += (FAILS,)
    code, said = on_ranks(*ranks)
    assert code == 2
    assert re.search(rf"Rank {which} on \S+ has failed, and ends the whole job", said) and "of this rank alone" in said
    assert state(run)["step"] == 5


MPI_FAILS = """
from mpi4py import MPI
from minillm.training.optimizers import AdamW
def step(self, *given, step=AdamW.step, **named):
    if self.steps == 7:
        raise MPI.Exception(MPI.ERR_NO_MEM)
    step(self, *given, **named)
AdamW.step = step
"""


def test_a_rank_whose_mpi_fails_says_so(pretrain, tmp_path):
    """It is no fault of the program, and the list of MPI's own calls helps nobody."""
    argv = [*pretrain, *LONG, "--eval-every=5", "--out", tmp_path / "run"]
    code, said = on_ranks((1, argv), (1, argv, MPI_FAILS))
    assert code == 2 and "by a fault of its own" not in said
    assert re.search(r"Rank 1 on \S+ has failed.*\nMPI could not add up .*: \S.*\.\nSee whether", said), said


def test_what_all_ranks_meet_the_first_one_tells(pretrain, tmp_path):
    run = tmp_path / "run"
    code, said = on_ranks((2, [*pretrain, "--lr=1e30", "--clip=0", "--out", run]))
    assert code == 2 and "MPI_Abort" not in said
    assert said.count("training diverged") == 1 and "has failed" not in said


ANOTHER = "import minillm\nminillm.__version__ = '0.0.9'\n"


def test_ranks_that_would_not_do_the_same_are_refused_and_nothing_is_touched(pretrain, run_copy, snapshot, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("quite another text, and a longer one " * 90, encoding="utf-8")
    argv = [*pretrain, "--overwrite", "--out", run_copy]
    before = snapshot(run_copy)
    for rank, told in (
        (([argv[0], f"--text={other}", *argv[2:]],), "has the data"),
        (([argv[0], f"--text={other}x", *argv[2:]],), "There is no file"),
        (([*argv, "--lr=0.5"],), "has --lr 0.5"),
        ((argv, ANOTHER), "has minillm 0.0.9"),
        (([argv[0], "--text=-", *argv[2:]],), "Standard input reaches the first rank only"),
    ):
        code, said = on_ranks((1, argv), (1, *rank))
        wrong, remedy = said.splitlines()
        assert code == 2 and re.match(r"Rank 1 on \S+", wrong) and told in wrong and remedy, said
        assert snapshot(run_copy) == before


def test_what_one_process_alone_can_do_is_refused_to_several(pretrain, tmp_path):
    run, prompts = tmp_path / "run", tmp_path / "prompts.txt"
    prompts.write_text("The fox looked at the hen and went his way.\n" * 99, encoding="utf-8")
    policy = ["align", "--checkpoint=tales", "--reward=length:5", "--prompts", prompts]
    for argv, told in (
        ([*pretrain, "--batch=1"], "2 ranks cannot share a batch of 1"),
        (policy, "2 ranks can't share this"),
        ([*pretrain[:2], "--size=auto", "--minutes=1"], "here are 2 ranks"),
    ):
        code, said = on_ranks((2, [*argv, "--out", run]))
        assert code == 2 and said.count(told) == 1, said
        assert not run.exists()


def test_without_mpi4py_every_process_is_refused(pretrain, tmp_path):
    run = tmp_path / "run"
    code, said = on_ranks((2, [*pretrain, "--out", run], "import sys\nsys.modules['mpi4py'] = None\n"))
    assert code == 2 and said.count("can't without mpi4py") == 2 and not run.exists()


def test_the_program_of_the_page_trains_on_ranks_and_alone(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "many_machines.md").read_text(encoding="utf-8")
    (piece,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "script.py").write_text(piece, encoding="utf-8")
    script = [sys.executable, tmp_path / "script.py"]
    told = [
        subprocess.run([*launcher, *script], capture_output=True, text=True, check=True, timeout=120).stdout
        for launcher in ([], [MPIEXEC, "-n", "2"])
    ]
    assert told[0] == told[1] and len(told[0].splitlines()) == 2
