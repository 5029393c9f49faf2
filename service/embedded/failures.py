"""Why `supsweep up` cannot go on, in a sentence that says what to do."""


class CannotRun(Exception):
    """The sentence, followed by the end of a log where one tells more."""
