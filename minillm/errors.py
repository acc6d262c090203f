"""The one error that a user's input can cause."""


class InputError(ValueError):
    """Bad input: what is wrong in one line, and what to do about it in another.

    The command line prints the two lines and exits with code 2; a program may catch it as a ValueError. A parameter stands in backticks,
    such as `context`: on the command line it becomes the option --context.
    """

    def __init__(self, wrong: str, remedy: str):
        super().__init__(f"{wrong}\n{remedy}")
        self.wrong = wrong
        self.remedy = remedy


class MissingPackageError(InputError):
    """A sound file that asks for a package which is not installed."""
