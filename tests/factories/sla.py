"""Clocks about a city: any row will do as a subject, and a city is the plainest."""

from importlib import import_module
from typing import Any

from django.apps import apps

from repairhub.sla.models import SlaTarget
from repairhub.sla.states import TargetKey


def standard_target(key: str = TargetKey.ASSIGN_WITHIN) -> SlaTarget:
    """A target of the standard policy."""
    return SlaTarget.objects.get(policy__key="standard", key=key)


def restore_standard_policy(**kwargs: Any) -> None:
    """The rows of the data migration, which a flush takes away with everything else."""
    import_module("repairhub.sla.migrations.0002_standard_policy").create_standard(apps, None)
