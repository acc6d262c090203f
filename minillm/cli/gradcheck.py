"""python -m minillm gradcheck: compare the hand-written gradients with numerical ones."""

from minillm.errors import InputError

DESCRIPTION = """example: python -m minillm gradcheck layer_norm

Check hand-written gradients against central differences, in float64: all of them, or those named. The error is
|numeric - analytic| / ‖gradient‖, for every input and every parameter; a right gradient stays below 1e-7. Ops and layers are checked
number by number, a whole model along one random direction in each tensor."""


def add_arguments(parser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="ops and layers to check (default: all of them)")
    parser.add_argument("--seed", type=int, default=0, help="weights and inputs are drawn from it (default 0)")


def run(args) -> int:
    if args.seed < 0:
        raise InputError(f"--seed must be 0 or more, got {args.seed}.", "Give another --seed.")
    from minillm.gradcheck import LIMIT
    from minillm.gradcheck import run as check_all

    results = check_all(args.names or None, args.seed)  # a name that isn't known is said before the table begins
    print(f"{'case':<40} {'tensor':<34} {'error':>8}")
    wrong = 0
    for result in results:
        wrong += not result.passed
        print(
            f"{result.case:<40} {result.tensor:<34} {result.error:8.1e}{'' if result.passed else '  WRONG'}", flush=True
        )
    print(f"{wrong} gradients are wrong." if wrong else f"All gradients agree with the numerical ones to {LIMIT:.0e}.")
    return 1 if wrong else 0
