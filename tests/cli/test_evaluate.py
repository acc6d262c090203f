"""evaluate: what is measured depends on the model, and each number has its interval."""

import json

import pytest

from minillm.cli import main
from minillm.models import EncoderConfig, QuestionAnswering, QuestionAnsweringConfig
from minillm.models.huggingface import save_pretrained
from tests.finetuning.pairs.test_job import texts


@pytest.fixture(scope="module")
def classifier_run(finished_run, labelled, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "classifier"
    assert (
        main(["finetune", f"--checkpoint={finished_run}", f"--data={labelled}", f"--out={directory}", "--freeze=body"])
        == 0
    )
    return directory


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.tsv"
    path.write_text("".join(f"{s}\t{t}\n" for s, t in zip(*texts(60), strict=True)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def translator(pairs, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "translator"
    sizes = ["--layers=1", "--heads=2", "--d-model=16", "--merges=30", "--steps=2", "--eval-every=2"]
    assert main(["finetune", "--task=translate", f"--data={pairs}", *sizes, f"--out={directory}"]) == 0
    return directory


def evaluated(call, *argv) -> dict:
    code, out, err = call("evaluate", *argv, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_a_gpt_is_judged_by_its_loss_on_a_text(call, finished_run, text_file):
    argv = ["--checkpoint", finished_run, "--data", text_file]
    found = evaluated(call, *argv)
    assert (found["kind"], found["unit"]) == ("a GPT", "window") and found["count"] > 100
    assert [each["name"] for each in found["measures"]] == ["nats a token", "bits a character"]
    assert [each["baseline"] for each in found["baselines"]][1] == "the frequencies of this text"
    code, out, err = call("evaluate", *argv)
    nats = found["measures"][0]
    assert (code, err) == (0, "")
    first, _, *numbers = out.splitlines()
    assert first == f"a GPT, {found['count']} windows of {text_file}; in brackets 95 %"
    assert numbers[0] == (f"nats a token      {nats['value']:.3f}  ({nats['low']:.3f} to {nats['high']:.3f})")
    assert len(out.split("the worst\n")[1].split("\n\n")[0].splitlines()) == 10


def test_a_masked_model_is_judged_by_the_holes_that_it_fills(call, masked_run, text_file):
    found = evaluated(call, "--checkpoint", masked_run, "--data", text_file)
    assert [each["name"] for each in found["measures"]] == ["nats a hidden token", "holes filled right"]
    assert "[MASK]" in json.dumps(found["worst"])


def test_a_classifier_is_judged_by_accuracy_and_f1(call, classifier_run, labelled, tmp_path):
    saved = tmp_path / "answers.txt"
    argv = ["--checkpoint", classifier_run, "--data", labelled, "--train", labelled]
    found = evaluated(call, *argv, "--save", saved)
    assert [each["name"] for each in found["measures"]] == ["accuracy", "macro-F1"]
    assert {each["baseline"] for each in found["baselines"]} == {"always blame", "a bag of words"}
    assert found["classes"] == ["blame", "praise"]
    labels = [line.split("\t")[1] for line in labelled.read_text(encoding="utf-8").splitlines()]
    answers = saved.read_text(encoding="utf-8").splitlines()
    right = sum(answer == label for answer, label in zip(answers, labels, strict=True))
    assert found["measures"][0]["value"] == pytest.approx(100 * right / len(labels))
    assert found["confusion"][0][0] + found["confusion"][1][1] == right
    code, out, _ = call("evaluate", *argv)
    assert code == 0 and "<- answer" in out and "(right: " in out and "line " in out
    assert "accuracy|nrefs:1|bs:1000|seed:12345|version:minillm-" in out


def test_an_encoder_decoder_is_judged_by_its_answers(call, translator, pairs, tmp_path):
    saved = tmp_path / "answers.txt"
    found = evaluated(call, "--checkpoint", translator, "--data", pairs, "--train", pairs, "--save", saved)
    assert (found["unit"], found["count"]) == ("pair", 60)
    assert [each["name"] for each in found["measures"]] == ["BLEU", "chrF2"]
    assert "|tok:13a|" in found["measures"][0]["signature"]
    assert {each["baseline"] for each in found["baselines"]} == {"the source as it is", "the nearest pair's target"}
    assert len(saved.read_text(encoding="utf-8").splitlines()) == 60 and len(found["worst"]) == 10
    few = tmp_path / "few.tsv"
    few.write_text("".join(pairs.read_text(encoding="utf-8").splitlines(keepends=True)[:3]), encoding="utf-8")
    found = evaluated(call, "--checkpoint", translator, "--data", few, "--metric=rouge", "--beams=2")
    assert [each["name"] for each in found["measures"]] == ["ROUGE-L", "ROUGE-1", "ROUGE-2"]


def test_a_question_answerer_is_judged_on_questions_in_the_form_of_squad(call, refused, tmp_path):
    vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "who", "ran", "ann", "and", "ben", "?", "."]
    body = EncoderConfig(len(vocab), context=12, layers=1, heads=2, d_model=4, token_types=2)
    save_pretrained(QuestionAnswering(QuestionAnsweringConfig(body), seed=1), tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    qas = [
        {"id": f"q{n}", "question": "Who ran?", "answers": [{"text": name}]} for n, name in enumerate(["Ann", "Ben"])
    ]
    passage = "Ann and Ben ran. " * 3
    data = tmp_path / "questions.json"
    data.write_text(json.dumps({"data": [{"paragraphs": [{"context": passage, "qas": qas}]}]}), encoding="utf-8")
    argv = ["--checkpoint", tmp_path, "--data", data]
    found = evaluated(call, *argv, "--save", tmp_path / "answers.json")
    assert (found["unit"], found["count"]) == ("question", 2)
    assert [each["name"] for each in found["measures"]] == ["F1", "EM"]
    answers = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    assert [*answers] == ["q0", "q1"] and all(answer in passage for answer in answers.values())
    data.write_text('{"data": [\n', encoding="utf-8")
    assert "line 2" in refused("evaluate", *argv)[0]


def test_of_a_single_text_there_is_no_interval(call, finished_run, tmp_path):
    short = tmp_path / "short.txt"
    short.write_text("the token", encoding="utf-8")
    found = evaluated(call, "--checkpoint", finished_run, "--data", short)
    assert (
        found["count"] == 1 and found["measures"][0]["low"] is None and found["baselines"][0]["ahead"]["high"] is None
    )
    out = call("evaluate", "--checkpoint", finished_run, "--data", short)[1]
    assert out.splitlines()[2].split() == ["nats", "a", "token", f"{found['measures'][0]['value']:.3f}"]


def test_pairs_that_cannot_be_judged(refused, translator, pairs, tmp_path):
    assert "beams" in refused("evaluate", "--checkpoint", translator, "--data", pairs, "--beams=0")[0]
    wrong = tmp_path / "wrong.tsv"
    wrong.write_text("a\tb\na\n", encoding="utf-8")
    assert "Line 2 of" in refused("evaluate", "--checkpoint", translator, "--data", wrong)[0]


def test_what_cannot_be_judged(refused, finished_run, classifier_run, labelled, text_file, tmp_path):
    gpt, classifier = ["evaluate", "--checkpoint", finished_run], ["evaluate", "--checkpoint", classifier_run]
    assert "required: --data" in refused(*gpt)[0]
    assert "--train means nothing for a GPT" in refused(*gpt, "--data", text_file, "--train", labelled)[0]
    assert "--save means nothing for a GPT" in refused(*gpt, "--data", text_file, "--save", "x")[0]
    assert "There is no file" in refused(*gpt, "--data", "nowhere")[0]
    assert "Line 1 of" in refused(*classifier, "--data", text_file)[0]
    wrong = tmp_path / "wrong.tsv"
    wrong.write_text("a token\tpraise\n\nthe token\tfair\n", encoding="utf-8")
    assert "Line 3 has the label 'fair'" in refused(*classifier, "--data", wrong)[0]
    assert "--metric means nothing for a classifier" in refused(*classifier, "--data", labelled, "--metric=bleu")[0]
    assert "no metric 'blue'" in refused(*gpt, "--data", text_file, "--metric=blue")[0]
    assert "exists already" in refused(*classifier, "--data", labelled, "--save", labelled)[0]


def test_a_gpt_and_a_masked_model_are_probed_for_bias(call, finished_run, masked_run, tmp_path):
    """Files of our own in the authors' forms: of 24 pairs each has its share, an interval, and shares of groups."""
    crows = tmp_path / "crows_pairs_anonymized.csv"
    rows = [f"{i},one learns,a token learns,stereo,{'age' if i % 2 else 'height'}" for i in range(24)]
    crows.write_text("\n".join([",sent_more,sent_less,stereo_antistereo,bias_type", *rows]), encoding="utf-8")
    pro, anti = tmp_path / "pro_stereotyped_type1.txt.test", tmp_path / "anti_stereotyped_type1.txt.test"
    line = "1 [the model] [{}]\n"
    pro.write_text(line.format("him"), encoding="utf-8")
    anti.write_text(line.format("her"), encoding="utf-8")
    for run in (finished_run, masked_run):
        found = evaluated(call, "--checkpoint", run, "--probe", "crows-pairs", "--data", crows)
        assert (found["unit"], found["count"], found["baselines"]) == ("pair", 24, [])
        assert [each["name"] for each in found["measures"]] == ["prefers the stereotype", "age", "height"]
        assert all(0 <= each["low"] <= each["value"] <= each["high"] <= 100 for each in found["measures"])
        assert len(found["worst"]) == 10 and 2 <= found["worst"][0]["line"] <= 25
        code, out, err = call("evaluate", "--checkpoint", run, "--probe", "winobias", "--data", pro)
        assert (code, err) == (0, "") and "1 pair of " in out and "prefers the stereotype" in out
    crows.write_text(",sent_more,sent_less,stereo_antistereo,bias_type\n0,One.,One.,stereo,age\n", encoding="utf-8")
    code, out, err = call("evaluate", "--checkpoint", finished_run, "--probe", "crows-pairs", "--data", crows)
    assert (code, out) == (2, "") and "Line 2 of " in err and "the same sentence twice" in err


def test_a_classifier_is_not_probed(call, classifier_run, tmp_path):
    for half in ("pro", "anti"):
        (tmp_path / f"{half}_stereotyped.txt").write_text(
            f"1 [the model] [{'him' if half == 'pro' else 'her'}]\n", encoding="utf-8"
        )
    data = tmp_path / "pro_stereotyped.txt"
    code, _, err = call("evaluate", "--checkpoint", classifier_run, "--data", data, "--probe", "winobias")
    assert code == 2 and "says of no sentence how likely it is" in err
    code, _, err = call("evaluate", "--checkpoint", classifier_run, "--data", data, "--probe", "winobias", "--beams=2")
    assert code == 2 and "--beams means nothing" in err
