"""Errors of a run that Cobaya has explained in one line stay one line.

Cobaya 3.6 means to print no traceback below them, but does so unless it runs with `debug`
(`exception_handler` in cobaya.log): a user's typing mistake then ends in pages of Python.
"""

import logging
import re

# The last line of a traceback that ends in one of Cobaya's own, already logged, errors.
_EXPLAINED = re.compile(r"^cobaya\.(?:log|component|mpi)\.\w+(?:Error|Exception): ", re.MULTILINE)


def _is_news(record: logging.LogRecord) -> bool:
    return not _EXPLAINED.search(record.getMessage())


def keep_errors_short() -> None:
    """Leave Cobaya's traceback of an error that it has logged already out of the log."""
    # A logger drops a repeated filter by itself.
    logging.getLogger("exception handler").addFilter(_is_news)
