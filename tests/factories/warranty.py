"""Terms, warranties and claims."""

from importlib import import_module
from typing import Any

from django.apps import apps


def restore_first_terms(**kwargs: Any) -> None:
    """The rows of the data migration, which a flush takes away with everything else."""
    import_module("warranty.migrations.0002_first_terms").create_first_terms(apps, None)
