"""python -m minillm gradcheck: compare the hand-written gradients with numerical ones."""

DESCRIPTION = """example: python -m minillm gradcheck layer_norm

Check hand-written gradients against central differences, in float64: all of them, or those named. The error is
|numeric - analytic| / ‖gradient‖, for every input and every parameter; a right gradient stays below 1e-7."""


def add_arguments(parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="ops and layers to check (default: all of them)")
