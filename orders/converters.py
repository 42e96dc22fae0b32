"""What an order's address may hold: anything else is no address of ours, and never reaches the database."""


class ReferenceConverter:
    """An order's reference, such as RH-7K3M9Q2P."""

    regex = "[A-Z]{1,3}-[0-9A-Z]{4,12}"

    def to_python(self, value: str) -> str:
        """As it stands."""
        return value

    def to_url(self, value: str) -> str:
        """As it stands."""
        return value


class TokenConverter(ReferenceConverter):
    """The unguessable part of an order's link."""

    regex = "[A-Za-z0-9_-]{32}"
