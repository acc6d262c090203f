"""The Chinese half of the course says what the English half says: of each cell, each hint, each diagnosis."""

import ast
import itertools
import json
import re
from pathlib import Path

import pytest

from minillm.cli import main
from minillm.course import chinese, patterns, slips, wording
from minillm.course.lesson import translate
from minillm.course.outline import ROOT, outlines
from minillm.course.translating import said, with_new_cells, with_new_words, words_path
from minillm.errors import InputError
from minillm.plots.labels import is_drawable
from minillm.web.training_desk import TrainingDesk
from tests.glossary import HAN, lost_terms

TRANSLATED = [outline for outline in outlines() if chinese.prose_path(outline).exists()]
each_lesson = pytest.mark.parametrize("outline", TRANSLATED, ids=lambda outline: outline.name)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@each_lesson
def test_each_cell_is_translated_from_the_english_one_that_is_there_now(outline):
    marks = [chinese.fingerprint(text) for text in chinese.english_prose(read(outline.path))]
    cells = chinese.chinese_prose(outline)
    assert [mark for mark, _ in cells] == marks
    for mark, text in cells:
        assert HAN.search(text), f"{mark} is not in Chinese"
    assert with_new_cells(outline) == read(chinese.prose_path(outline))


@each_lesson
def test_headings_formulas_and_code_are_those_of_the_english_cell(outline):
    for (_, text), english in zip(
        chinese.chinese_prose(outline), chinese.english_prose(read(outline.path)), strict=True
    ):
        for what in (r"^#+ (?:\d+\.)?", r"`[^`]+`", r"\d+\.\d+"):
            here, there = (
                sorted(" ".join(each.split()) for each in re.findall(what, cell, re.M)) for cell in (text, english)
            )
            assert here == there, text[:200]


@each_lesson
def test_every_docstring_hint_and_diagnosis_is_there_in_both_languages(outline):
    words = json.loads(read(words_path(outline)))["said"]
    assert list(words) == list(dict.fromkeys(said(outline)))
    for english, text in words.items():
        if not HAN.search(text):  # code alone, which is the same in both
            assert text == english
            ast.parse(text.strip())
    assert with_new_words(outline) == read(words_path(outline))


@each_lesson
def test_what_a_lesson_writes_into_a_page_has_chinese_words(outline, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    calls = [node for node in ast.walk(ast.parse(read(outline.path))) if isinstance(node, ast.Call)]
    texts = [text for call in calls if ast.unparse(call.func) == "lesson.translated" for text in ways(call.args[0], {})]
    assert bool(texts) == any(name.endswith(".html") for name in outline.figures)
    assert all(HAN.search(chinese.translated(text.replace(NAME, "5"))) for text in texts)


@each_lesson
def test_terms_are_those_of_the_glossary(outline):
    words = json.loads(read(words_path(outline)))["said"]
    pairs = [
        *zip(
            chinese.english_prose(read(outline.path)), (text for _, text in chinese.chinese_prose(outline)), strict=True
        )
    ]
    for english, text in pairs + [(english, text) for english, text in words.items() if text != english]:
        assert not lost_terms(english, text), f"{english[:200]!r} -> {text[:200]!r}"


# the files of minillm/course that word a diagnosis
SAYING = ("diagnosis", "wording", "patterns", "reading", "repairs", "slips")
NAME = "\0"  # stands for what a name, a call or another message puts in


def ways(node: ast.AST, names: dict[str, list[ast.AST]]) -> list[str]:
    """What an expression may put into a message: its texts, and NAME for what is only known when it runs."""
    match node:
        case ast.Constant(str() as text):
            return [re.sub(r"\{\d?\}", NAME, text)]
        case ast.FormattedValue(value):
            return ways(value, names)
        case ast.IfExp(_, one, other):
            return ways(one, names) + ways(other, names)
        case ast.BinOp(ast.Constant(str() as text), ast.Mult()):
            return ["", text]
        case ast.Name(name) if name in names:
            return [text for value in names[name] for text in ways(value, {})]
        case ast.JoinedStr(parts):
            return ["".join(choice) for choice in itertools.product(*(ways(part, names) for part in parts))]
        case ast.Tuple(parts):
            return [text for part in parts for text in ways(part, names)]
        case ast.BoolOp(_, parts):
            return [text for part in parts for text in ways(part, names)]
    return [NAME]


def messages(path: Path) -> set[str]:
    """What the functions of a file may return or yield that is a text of three words or more."""
    found = set()
    for function in (node for node in ast.walk(ast.parse(read(path))) if isinstance(node, ast.FunctionDef)):
        names = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(function):
            if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                found |= {text for text in ways(node.value, names) if len(re.findall("[A-Za-z]{2,}", text)) > 2}
    return found


@pytest.mark.parametrize(
    "text", sorted(set().union(*(messages(ROOT / "minillm" / "course" / f"{name}.py") for name in SAYING)))
)
def test_whatever_a_check_may_say_has_chinese_words(text, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    text = re.sub(f"(?<=[a-z)]){NAME}", "", text).replace(NAME, "x").removeprefix(". ")
    said = chinese.translated(text), chinese.translated(f"x{text}")  # some begin with what others said
    assert any(HAN.search(each) and not re.search("[a-z]{3,} [a-z]{3,} [a-z]{3,}", each) for each in said)


@pytest.mark.parametrize(
    "text",
    [
        *wording.REMEDIES.values(),
        *patterns.MENDS,
        *(way.format("n") for way in patterns.FACTORS),
        *(way.format("m", "n") for ways in slips.OPERATORS.values() for _, way in ways),
    ],
)
def test_remedies_have_chinese_words(text, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    assert HAN.search(chinese.translated(text))


def test_words_are_put_together_of_phrases(monkeypatch):
    english = "dk is right. dq: it comes out as if (a + b) stood where b belongs"
    assert chinese.translated(english) == english
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert chinese.translated(english) == "dk 是对的。dq：结果就好像：该用 b 的地方用了 (a + b)"
    error = (
        "it raises ValueError: no (line 3: a @ b, where a is (2, 3)) in f(a=[0.5]). Leave the line with def as it was"
    )
    said = "它抛出 ValueError：no（第 3 行：a @ b，其中 a 的形状是 (2, 3)），调用为 f(a=[0.5])。def 那一行请保持原样"
    assert chinese.translated(error) == said
    assert chinese.translated("nothing that is known") == "nothing that is known"


def test_the_names_of_variables_stay_as_they_are_though_a_figure_says_the_same_word(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    assert HAN.search(chinese.translated("words")) and HAN.search(chinese.translated("end"))
    assert wording.listed(["words", "head", "end"]) == "words、head 和 end"
    assert chinese.translated("it comes out as if words were left out") == "结果就好像：漏掉了 words"
    assert chinese.translated("words is right. end: it is 0 everywhere: is it ever filled?") == (
        "words 是对的。end：到处都是 0：填过值吗？"
    )
    assert chinese.translated("value 2 of 3: it is 0 everywhere: is it ever filled?") == (
        "3 个返回值中的第 2 个：到处都是 0：填过值吗？"
    )


def test_a_sentence_behind_a_value_is_in_chinese_too(monkeypatch):
    monkeypatch.setenv("LANGUAGE", "zh")
    for english, text in {
        "f(n=2) gives 1.01, and should give 1": "f(n=2) 得到 1.01，应该得到 1",
        "at (0, 1), where it differs most, it is 2 and should be 3, in f(n=2)": (
            "差别最大的地方是 (0, 1)：它是 2，应该是 3，调用为 f(n=2)"
        ),
    }.items():
        unused = "It never uses end: what comes out depends on it"
        assert chinese.translated(f"{english}. {unused}") == f"{text}。它没有用到 end：结果与它有关"
    where = "only row 2 (the last) is wrong: at (2, 1), where it differs most, it is 2 and should be 3, in f(n=2)"
    assert chinese.translated(f"{where} (3 of 5 calls come out right)") == (
        "只有第 2 行（最后一行）不对：差别最大的地方是 (2, 1)：它是 2，应该是 3，调用为 f(n=2)（5 次调用中有 3 次是对的）"
    )


def test_a_long_text_that_has_no_words_is_soon_given_back(monkeypatch):
    """Each of its parts is looked up once: twice as many for each full stop would never end."""
    monkeypatch.setenv("LANGUAGE", "zh")
    unknown = " ".join(f"what {i}: it was." for i in range(6))
    assert chinese.translated(unknown) == unknown


def test_a_figure_speaks_chinese_where_a_font_can(monkeypatch):
    from matplotlib.figure import Figure

    monkeypatch.setenv("LANGUAGE", "zh")
    monkeypatch.setattr(chinese, "_words", lambda: {"loss": "损失", "the cat": "猫", "unseen": "\U0010ffff"})
    chinese._phrases.cache_clear()
    figure = Figure()
    axes = figure.subplots()
    axes.set_title("loss")
    axes.set_xlabel("unseen")
    axes.set_xticks([0, 1], ["the cat", "DPO"])
    axes.set_yticks([0, 1], ["loss", "grows"])  # a text's words, of which another figure has one
    translate(figure)
    figure.canvas.draw()
    words = "损失" if is_drawable("损失") else "loss"
    assert axes.get_title() == words
    assert axes.get_xlabel() == "unseen"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["猫" if is_drawable("猫") else "the cat", "DPO"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["loss", "grows"]
    chinese._phrases.cache_clear()


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["check", "--lan"], "没有选项 --lan。\n是不是想写 --lang？\n"),
        (["lesson", "--lang=de"], "没有语言 'de'。\n请从中选一个：en, zh。\n"),
        (["web"], "缺少参数：--out。\n参见 python -m minillm web --help\n"),
        (["web", "--out="], "文件或文件夹的名字是空的。\n请给它一个值。\n"),
        (["pretrain", "--preset=tini"], "There is no preset 'tini'.\nDid you mean tiny?\n"),
    ],
    ids=str,
)
def test_an_error_is_in_one_language(capsys, monkeypatch, argv, told):
    """Its second line may be one of those that are known, and its first not."""
    monkeypatch.setenv("LANGUAGE", "zh")
    monkeypatch.setattr("minillm.cli.program", lambda: "python -m minillm")
    assert main(argv) == 2
    assert capsys.readouterr().err == told


def test_what_the_page_that_trains_refuses_is_said_in_chinese(monkeypatch, tmp_path):
    monkeypatch.setenv("LANGUAGE", "zh")
    monkeypatch.chdir(tmp_path)
    half = "\ud83d" * 400
    for text, prompt in (("", ""), ("a", ""), ("ab" * 300, "\u732b"), ("ab" * 100, ""), (half, "")):
        with pytest.raises(InputError) as refused:
            list(TrainingDesk(lambda *_, **__: None).start("", text, "small", 1, prompt))
        wrong, remedy = chinese.both_translated(refused.value.wrong, refused.value.remedy)
        assert HAN.search(wrong) and HAN.search(remedy), refused.value


def test_the_commands_speak_chinese(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "en")
    assert main(["lesson", "--lang", "zh", "--folder", str(tmp_path)]) == 0
    assert "道练习" in capsys.readouterr().out
    assert main(["check", "05", "--lang", "zh", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "causal_weights：" in said.out.replace(": ", "：") and "还没有写" in said.out
    assert "现在是你的了" in said.err
    assert main(["check", "77", "--lang", "zh", "--folder", str(tmp_path)]) == 2
    assert "没有第 77 课" in capsys.readouterr().err
