"""python -m minillm translate: write a text for each text, by an encoder-decoder."""

import sys

from minillm.backend import choose_device
from minillm.cli.attention import draw
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of, made_by
from minillm.cli.terminal import say, shown
from minillm.errors import InputError
from minillm.generation import translate
from minillm.generation.attention_maps import encoder_decoder_maps
from minillm.generation.beam_search import check_beams
from minillm.generation.translation import TOGETHER, check_translates, translations
from minillm.models import EncoderDecoder
from minillm.text import Tokenizer, read_text
from minillm.training import check_texts, load
from minillm.units import count

DESCRIPTION = """example: python -m minillm translate --checkpoint runs/german --text "A man in a red shirt."

Translate with a model that `finetune --task translate` trained, or with a T5: a text, or each line of standard input.
With --attention FILE.html it is drawn where each word of the translation looks."""
LINES = 256  # that are answered before they are printed


def add_arguments(parser) -> None:
    add_writing_arguments(parser)
    parser.add_argument(
        "--attention", metavar="FILE", help="draw where the answer to --text looks: .png, .svg or .html"
    )


def add_writing_arguments(parser) -> None:
    """What `translate` and `summarise` have in common."""
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run of finetune, or of a T5 of Hugging Face")
    add("--text", metavar="TEXT", help="the text (default: each line of standard input)")
    add("--beams", type=int, default=1, help="beams of the search; 1 (default) takes the likeliest token every time")
    add("--length-penalty", type=float, help="of beams: the larger, the longer (default 1; 0 is none)")
    add("--max-tokens", type=int, help="longest answer (default: twice as long as the text, and some)")
    add_device(add)


def run(args) -> None:
    if args.attention is not None:
        from minillm.plots import refuse_to_replace

        if args.text is None:
            raise InputError("--attention draws how one text is read.", "Give it: --text.")
        refuse_to_replace(args.attention, "Choose another file for --attention.")
    model, tokenizer = answer(args, "translate")
    if args.attention is not None:
        ids = tokenizer.encode(tokenizer.readable(args.text))
        (written,) = translations(model, tokenizer, [ids], **settings_of(args))
        draw(encoder_decoder_maps(model, tokenizer, ids, written), args.text, args.attention, view="cross")


def answer(args, task: str) -> tuple[EncoderDecoder, Tokenizer]:
    """Print an answer to --text, or to each line of standard input, as many lines as there are; the model, which may be asked more."""
    if args.length_penalty is not None and args.beams == 1:
        raise InputError("--length-penalty is for several beams, and this is one.", "Give --beams 4, or leave it out.")
    with made_by(f"finetune --task {task} --data FILE", args):
        model, tokenizer = load(checkpoint_of(args), choose_device(args.device))
    check_translates(model)
    check_beams(args.beams)
    check_texts([model.config], max(args.beams, TOGETHER), "Search with fewer: --beams.")
    if args.text is None and sys.stdin.isatty():
        say("Write a text in each line; Ctrl-D ends them.")
    texts = read_text("-").removesuffix("\n").split("\n") if args.text is None else [args.text]
    if dropped := sum(len(text) - len(tokenizer.readable(text)) for text in texts):
        say(f"({count(dropped, 'character')} that the model's tokenizer does not know left out.)")
    for first in range(0, len(texts), LINES):
        for written in translate(model, tokenizer, texts[first : first + LINES], **settings_of(args)):
            print(shown(" ".join(written.split("\n"))), flush=True)
    return model, tokenizer


def settings_of(args) -> dict:
    penalty = {} if args.length_penalty is None else {"length_penalty": args.length_penalty}
    return {"beams": args.beams, "max_tokens": args.max_tokens} | penalty
