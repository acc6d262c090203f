"""The options of `align`."""

from minillm.alignment.methods import METHODS
from minillm.cli.parser import choice
from minillm.cli.run_options import add_checkpoint, add_run_options, add_training_options


def add_align_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a pretrained GPT")
    add("--pairs", metavar="FILE", help="pairs of answers, as JSON lines; - is standard input")
    add(
        "--reward",
        metavar="FORM",
        help="style, personal, length:N, words:FILE, the folder of a reward model, "
        "or FILE.py:NAME, a function in a Python file, which is run",
    )
    summaries = ", ".join(f"{name} ({method.summary})" for name, method in METHODS.items())
    add("--method", type=choice("method", METHODS), help=f"{summaries}; default dpo, with --reward grpo")
    add_run_options(parser)

    add = parser.add_argument_group("pairs").add_argument
    add("--beta", type=float, help="how little the model may move: β of the method (default 0.1; SimPO 2)")
    add("--gamma", type=float, help="simpo: the margin (default 1)")
    add("--label-smoothing", type=float, help="dpo, robust: share of the pairs that are the wrong way round")

    add = parser.add_argument_group("answers of its own").add_argument
    add(
        "--prompts",
        metavar="FILE",
        help="a text, after whose line ends it answers (default: what the model was pretrained on)",
    )
    add("--prompt-tokens", type=int, help="tokens to a prompt (default 32, and at most a third of the context)")
    add(
        "--answer-tokens",
        type=int,
        help="most tokens to an answer, which ends with its line (default 64, and at most two thirds)",
    )
    add("--group", type=int, help="answers to a prompt (default 8)")
    add("--updates", type=int, help="ppo, grpo: updates of the weights for each round of answers (default 4, 2)")
    add("--kl-weight", type=float, help="weight of the KL to the reference, a token (default 0.02)")
    add("--kl-budget", type=float, help="stop where the KL of an answer is above this many nats")

    add_training_options(parser, sequences="pairs, or answers,", smoothing=False)
