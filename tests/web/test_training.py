"""Training and writing in the page, slice by slice."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest

import minillm
from minillm.cli import main
from minillm.language import speaking
from minillm.web import Session
from minillm.web.slices import slices

TEXT = "The cat sat on the mat, and the dog sat by the door. " * 40
PLAN = {"ours": "", "text": TEXT, "size": "small", "steps": 12, "prompt": "The cat"}


class Page:
    def __init__(self, name):
        self.messages = []
        self.session = Session(name, "en", lambda text: self.messages.append(json.loads(text)))

    def ask(self, what, **more):
        self.session.receive(json.dumps({"do": what, **more}))
        return self.messages[-1]

    def work(self, until=lambda message: False):
        """Slices, to the end or until such a message."""
        while self.session.work():
            if until(self.messages[-1]):
                return

    def losses(self):
        return [pair for each in self.messages if each["kind"] == "progress" for pair in each["losses"]]

    def kinds(self):
        return [message["kind"] for message in self.messages]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", "en")
    return tmp_path


@pytest.fixture
def slice_a_step(monkeypatch):
    """A slice as short as can be."""
    monkeypatch.setattr("minillm.web.training_desk.slices", lambda items: slices(items, 0))


def trained(**plan):
    page = Page("train")
    page.ask("start", **PLAN | plan)
    page.work()
    return page


def test_a_run_tells_its_size_its_losses_what_it_writes_and_where_it_looks(here):
    page = trained()
    started, sample, maps = (
        next(m for m in page.messages if m["kind"] == kind) for kind in ("started", "sample", "maps")
    )
    assert started["characters"] == len(TEXT) and started["vocabulary"] == len(set(TEXT)) and started["steps"] == 12
    assert [step for step, _ in page.losses()] == list(range(1, 13)) and page.losses()[-1][1] < started["chance"]
    assert sample["prompt"] == "The cat" and len(sample["text"]) == 120
    assert np.allclose(np.sum(maps["weights"], axis=-1), 1, atol=0.02) and len(maps["labels"]) == 7
    assert page.kinds()[-1] == "finished"


def test_a_run_that_was_stopped_and_goes_on_has_the_losses_of_one_that_was_not(here, slice_a_step):
    whole = trained()
    page = Page("train")
    page.ask("start", **PLAN)
    page.work(until=lambda message: message["kind"] == "progress" and message["losses"] == [whole.losses()[4]])
    page.ask("stop")
    assert page.kinds()[-1] == "stopped" and not page.session.work() and len(page.losses()) == 5
    page.ask("go_on", prompt="The dog")
    page.work()
    assert page.losses() == whole.losses() and page.kinds()[-1] == "finished"
    assert page.messages[-3]["prompt"] == "The dog"


def test_the_run_that_is_downloaded_is_read_and_gone_on_with_by_the_commands(here, capsys):
    page = trained()
    file = page.ask("download")
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(file["base64"])))
    packed.extractall(here / "home")
    run = here / "home" / file["name"].removesuffix(".zip")
    assert (
        main(["generate", "--checkpoint", str(run), "--prompt", "The cat", "--max-tokens", "20", "--temperature", "0"])
        == 0
    )
    model, tokenizer = page.session._desk.model, page.session._desk.tokenizer
    assert capsys.readouterr().out.rstrip("\n") == minillm.write(model, tokenizer, "The cat", 20, temperature=0).rstrip(
        "\n"
    )
    again = ["pretrain", "--resume", "--out", str(run), "--text", str(run / "text.txt"), "--steps", "15"]
    assert main(again) == 0
    steps = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines() if "loss" in line]
    assert steps[-1] == 15


def test_each_download_has_the_weights_of_its_moment(here, slice_a_step):
    page = Page("train")
    page.ask("start", **PLAN)
    for step in (4, 7):
        page.work(until=lambda message, step=step: message["kind"] == "progress" and len(page.losses()) == step)
        page.ask("download")
        model, _ = minillm.load("minillm-run")
        assert np.array_equal(model.vector.data, page.session._desk.model.vector.data)


def test_the_attention_viewer_of_the_run(here):
    page = trained()
    html = page.ask("viewer", text="The cat sat")["html"]
    assert "<title>Step 12: “The cat sat”</title>" in html and '"queries": ["T", "h", "e"' in html


def test_the_attention_viewer_speaks_the_language_of_the_page(here):
    page = trained()
    with speaking("zh"):
        html = page.ask("viewer", text="The cat sat")["html"]
    assert "<title>第 12 步：“The cat sat”</title>" in html and "所有层的所有头" in html


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        ({"text": "short"}, "text"),
        ({"prompt": "Ω"}, "'Ω'"),
        ({"steps": 0}, "`steps` must be a whole number of at least 1"),
    ],
)
def test_what_cannot_be_is_told_before_the_model_learns(here, plan, wrong):
    page = trained(**plan)
    assert page.kinds()[-1] == "error" and wrong in page.messages[-1]["wrong"] and "progress" not in page.kinds()
    assert trained().kinds()[-1] == "finished"


def test_what_goes_wrong_beside_a_training_does_not_end_it(here, slice_a_step):
    page = Page("train")
    page.ask("start", **PLAN)
    page.work(until=lambda message: message["kind"] == "progress")
    error = page.ask("viewer", text="Ω")
    assert error["kind"] == "error" and not error["ended"]
    page.work()
    assert page.kinds()[-1] == "finished" and len(page.losses()) == 12


@pytest.mark.parametrize(("ours", "word"), [("tales", " the "), ("stories", "老鼠")])
def test_the_texts_that_come_with_the_page(here, ours, word):
    page = trained(ours=ours, text="", steps=1, prompt="")
    assert word in (here / "minillm-run" / "text.txt").read_text(encoding="utf-8") and page.kinds()[-1] == "finished"


def test_tales_writes_what_the_library_writes_in_pieces(here, monkeypatch):
    monkeypatch.setattr("minillm.web.writing_desk.slices", lambda items: slices(items, 0))
    page = Page("write")
    page.ask("write", prompt="Once upon a time", max_tokens=8, temperature=0.7, seed=3)
    page.work()
    pieces = [message["text"] for message in page.messages if message["kind"] == "written"]
    model, tokenizer = minillm.load("tales")
    assert "Once upon a time" + "".join(pieces) == minillm.write(
        model, tokenizer, "Once upon a time", 8, temperature=0.7, seed=3
    )
    assert len(pieces) > 4 and page.kinds()[-1] == "finished"


def test_a_fault_is_told_and_ends_what_was_being_done(here, monkeypatch):
    monkeypatch.setattr("minillm.web.training_desk.prepare", lambda *arguments: 1 / 0)
    page = trained()
    assert page.messages[-1] == {"kind": "fault", "text": "ZeroDivisionError: division by zero", "ended": True}


def test_too_little_memory_is_told(here, monkeypatch):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr("minillm.web.training_desk.prepare", full)
    assert trained().messages[-1] == {"kind": "full", "ended": True}


def test_slices_hold_what_comes_in_their_time_and_nothing_is_lost():
    assert list(slices(range(5), 0)) == [[0], [1], [2], [3], [4]]
    assert list(slices(range(5), 60)) == [[0, 1, 2, 3, 4]]
    assert list(slices([], 60)) == []
