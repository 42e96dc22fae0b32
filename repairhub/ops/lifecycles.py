"""The lifecycles as pictures, drawn from the transitions that the models declare."""

from collections.abc import Iterator

from django.apps import apps
from django.utils import translation
from django_fsm import FSMField

HEAD = """# Lifecycles

Drawn from the code by `manage.py draw_lifecycles`; a test compares this page with the models, so mend the
model, then draw again. Every move has one door, a service with six beats: lock, guard, change, clocks, event,
announce.
"""


def lifecycles() -> str:
    """Markdown with one Mermaid state diagram per protected status, English, in a fixed order."""
    with translation.override("en"):
        return "\n".join([HEAD, *_diagrams()])


def _diagrams() -> Iterator[str]:
    models = sorted(apps.get_models(), key=lambda model: model._meta.label)
    for model in models:
        for field in model._meta.fields:
            # the history tables repeat the field of the model they keep
            if not isinstance(field, FSMField) or model.__name__.startswith("Historical"):
                continue
            moves = sorted(
                {
                    (str(move.source), str(move.target), move.name)
                    for move in field.get_all_transitions(model)
                    if move.target is not None
                }
            )
            first = str(field.get_default())
            lines = [
                f"## {model._meta.verbose_name} ({model._meta.label})",
                "",
                "```mermaid",
                "stateDiagram-v2",
            ]
            lines.append(f"    [*] --> {first}")
            lines += [f"    {source} --> {target}: {name}" for source, target, name in moves]
            leaving = {source for source, target, _name in moves if source != target}
            ends = sorted({target for _source, target, _name in moves} - leaving)
            lines += [f"    {end} --> [*]" for end in ends]
            lines += ["```", "", "| state | means |", "|---|---|"]
            lines += [f"| `{value}` | {label} |" for value, label in field.choices or []]
            yield "\n".join([*lines, ""])
