"""What goes wrong with the embedded servers, said in one line."""


class EmbeddedServersError(Exception):
    """The embedded servers cannot be had; the message says why and what to do, in one line."""
