"""python -m minillm fill: put back what is missing in a text."""

from minillm.backend import choose_device
from minillm.cli.run_options import add_checkpoint, add_device, checkpoint_of
from minillm.cli.terminal import shown
from minillm.errors import InputError
from minillm.generation import fill
from minillm.models import EncoderDecoder
from minillm.training import check_texts, load

DESCRIPTION = """example: python -m minillm fill --checkpoint runs/masked --text "The cat is [MASK] the table"

Put back what is missing in a text. A masked language model (pretrain --objective masked) shows the likeliest fillings of
every [MASK]; a denoiser (--objective denoise) writes the restored sentence, and after --objective span what stood at
<extra_id_0>, <extra_id_1> ..."""


def add_arguments(parser) -> None:
    add = parser.add_argument
    add_checkpoint(add, "the folder of a run, or of a BERT or T5 of Hugging Face")
    add("--text", metavar="TEXT", required=True, help="a text with something missing")
    add("--top", type=int, default=5, help="how many fillings of a [MASK] to show (default 5)")
    add("--beams", type=int, default=4, help="beams of the search for a restored text (default 4)")
    add_device(add)


def run(args) -> None:
    for name in ("top", "beams"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} must be at least 1, got {getattr(args, name)}.", "Give a positive number.")
    model, tokenizer = load(checkpoint_of(args), choose_device(args.device))
    if isinstance(model, EncoderDecoder):
        check_texts([model.config], args.beams, "Search with fewer: --beams.")
    found = fill(model, tokenizer, args.text, count=args.top, beams=args.beams)
    if isinstance(found, str):
        print(shown(found))
        return
    for number, best in enumerate(found, start=1):
        print(f"{tokenizer.roles['mask_token']} {number}")
        for token, probability in best:
            print(f"  {probability:6.1%}  {shown(token)}")
