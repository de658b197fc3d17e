"""The one family of exceptions that this package raises for reasons a user can mend."""


class EDEWBinsError(Exception):
    """A problem that one line explains: what is wrong, its value, and what is allowed."""


class InstallError(EDEWBinsError):
    """The patched CLASS could not be fetched, verified, compiled or put in place."""


class NotInstalledError(EDEWBinsError):
    """The patched CLASS is missing, or something else was found where it should be."""
