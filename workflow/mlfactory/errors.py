"""The one exception that stands for a mistake of the user."""


class UserError(Exception):
    """A mistake that the user can mend: one line with file, row or key, value, limit and way out.

    It is shown without a traceback and ends the process with status 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
