"""python -m minillm inspect: one training step of a trained model as a page, number by number."""

from pathlib import Path

from minillm.backend import CPU
from minillm.cli.parser import add_language
from minillm.cli.run_options import add_checkpoint, checkpoint_of
from minillm.cli.terminal import say
from minillm.course.chinese import translated
from minillm.errors import InputError
from minillm.language import speak
from minillm.training import load
from minillm.units import count

DESCRIPTION = """example: python -m minillm inspect --checkpoint kind --text "I am glad to" --out step.html

One training step on a text as a page to walk through: every array from the tokens to the loss, every gradient back, AdamW's
moments and the new weights. Point at a number and see the line of code, the formula and the sum, which the page computes again;
beside a weight's gradient, what the loss does when that weight is moved. A GPT guesses the next tokens, a masked model hidden
ones; an encoder-decoder writes --target, or restores the text from which words were deleted. Of a large model a part is shown.
The page needs no network, and speaks Chinese with --lang zh; the model stays as it is."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run, or of a GPT-2, Llama, BERT or T5 of Hugging Face")
    add("--text", metavar="TEXT", required=True, help="what the model learns from, of 16 tokens at most")
    add("--target", metavar="TEXT", help="encoder-decoders: what is to be written, such as a translation")
    add("--out", metavar="FILE", required=True, help="an .html page to explore in a browser")
    add("--overwrite", action="store_true", help="replace the file in --out, though minillm did not draw it")
    add("--lr", type=float, default=1e-3, help="learning rate of the step (default 0.001)")
    add("--seed", type=int, default=0, help="which tokens are masked, or words deleted (default 0)")
    add_language(add)


def run(args) -> None:
    from minillm.inspection import example_of, save_step
    from minillm.plots import refuse_to_replace

    speak(args.lang)
    if Path(args.out).suffix.lower() not in (".html", ".htm"):
        raise InputError(f"Cannot write {args.out}: the page is an .html file.", "Give --out this ending.")
    if not args.lr > 0:
        raise InputError("--lr must be above 0.", "0.001 is usual.")
    if args.seed < 0:
        raise InputError("--seed must not be negative.", "Give 0, or any larger number.")
    if not args.overwrite:
        refuse_to_replace(args.out, "Replace it: --overwrite; or choose another --out.")
    model, tokenizer = load(checkpoint_of(args, example="kind"), CPU)
    example = example_of(model, tokenizer, args.text, target=args.target, seed=args.seed)
    say("Each weight that is shown is moved up and down once: a small model takes seconds, a large one a minute.")
    title = translated("One training step on “{0}”").format(args.text)
    step, window = save_step(args.out, model, example, lr=args.lr, title=title)
    part = "every number" if window.whole else "a part of each array"
    size = Path(args.out).stat().st_size / 1e6
    say(f"{args.out}: {count(len(step.nodes), 'array')}, {part}, loss {float(step.loss.values):.4f}, {size:.1f} MB")
