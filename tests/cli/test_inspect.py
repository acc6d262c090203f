import pytest

TEXT = "the model"


@pytest.fixture
def inspect(call, finished_run, monkeypatch):
    """The command on a run of a GPT. Each weight is moved once in its own tests; here that would take seconds."""
    monkeypatch.setattr("minillm.inspection.page.finite_differences", lambda *a: {n: p * 0.0 for n, p in a[3].items()})

    def run(*argv, text=TEXT, checkpoint=finished_run):
        return call("inspect", "--checkpoint", checkpoint, "--text", text, *argv)

    return run


def test_a_step_of_a_run_is_written_as_a_page(inspect, tmp_path):
    code, out, err = inspect("--out", tmp_path / "step.html")
    assert (code, out) == (0, "") and "arrays, " in err and "loss " in err
    source = (tmp_path / "step.html").read_text(encoding="utf-8")
    assert '<meta name="generator" content="minillm">' in source and f"One training step on “{TEXT}”" in source
    assert inspect("--out", tmp_path / "step.html")[0] == 0, "a page of minillm's may be replaced"


def test_a_page_in_chinese(inspect, tmp_path, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    assert inspect("--out", tmp_path / "step.html", "--lang", "zh")[0] == 0
    source = (tmp_path / "step.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in source and f"<title>“{TEXT}” 上的一步训练</title>" in source
    code, _, err = inspect("--out", tmp_path / "step.png", "--lang", "zh")
    assert code == 2 and "step.png：网页应是 .html 文件" in err


def test_a_masked_model_and_a_shipped_one(inspect, masked_run, tmp_path):
    assert inspect("--out", tmp_path / "masked.html", checkpoint=masked_run)[0] == 0
    assert inspect("--out", tmp_path / "kind.html", text="I am", checkpoint="kind")[0] == 0


@pytest.mark.parametrize(
    ("argv", "text", "wrong"),
    [
        (["--out", "step.png"], TEXT, "the page is an .html file"),
        (["--out", "step.html", "--lr", "0"], TEXT, "--lr must be above 0"),
        (["--out", "step.html", "--seed", "-1"], TEXT, "--seed must not be negative"),
        (["--out", "step.html", "--target", "x"], TEXT, "--target"),
        (["--out", "step.html"], TEXT * 9, "tokens, and a step is shown of 2 to 17"),
        (["--out", "step.html", "--txt", "x"], TEXT, "There is no option --txt"),
    ],
    ids=str,
)
def test_bad_input_is_told_in_two_lines(inspect, argv, text, wrong):
    code, out, err = inspect(*argv, text=text)
    assert (code, out) == (2, "") and len(err.splitlines()) == 2 and wrong in err


def test_another_file_is_not_replaced_unless_that_is_said(inspect, tmp_path):
    (tmp_path / "mine.html").write_text("mine", encoding="utf-8")
    code, _, err = inspect("--out", tmp_path / "mine.html")
    assert code == 2 and "--overwrite" in err and (tmp_path / "mine.html").read_text(encoding="utf-8") == "mine"
    assert inspect("--out", tmp_path / "mine.html", "--overwrite")[0] == 0
