"""The moves of a visit as the model declares them: where each starts, and so where it must be refused."""

from engineers.models import Visit
from engineers.states import VisitStatus


def allowing(move: str) -> list[str]:
    """The states from which the move is declared."""
    declared = Visit._meta.get_field("status").get_all_transitions(Visit)
    return sorted(str(each.source) for each in declared if each.name == move)


def refusing(move: str, *, quiet: str = "") -> list[str]:
    """Every other state; without `quiet`, the one in which the verb changes nothing and says nothing."""
    return [state for state in VisitStatus.values if state not in allowing(move) and state != quiet]
