"""A status has one door: the transition declared on its model."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django_fsm import FSMField


def side_doors(sources: Iterable[tuple[str, str]]) -> list[str]:
    """ "file:line" of every call or assignment that could write a protected status past its transitions."""
    return [f"{name}:{line}" for name, source in sources for line in _lines(ast.parse(source))]


def _lines(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            verb = node.func.attr
            if verb == "update" and any(keyword.arg == "status" for keyword in node.keywords):
                yield node.lineno
            if verb == "bulk_update" and any(
                isinstance(part, ast.Constant) and part.value == "status"
                for argument in [*node.args, *(k.value for k in node.keywords)]
                for part in ast.walk(argument)
            ):
                yield node.lineno
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "setattr"
            and any(isinstance(a, ast.Constant) and a.value == "status" for a in node.args)
        ):
            yield node.lineno


def our_sources() -> Iterator[tuple[str, str]]:
    """(path, source) of the rooms whose rows have a lifecycle."""
    root = Path(settings.BASE_DIR)
    for top in ("engineers", "orders", "warranty", "parts", "repairhub"):
        for path in (root / top).rglob("*.py"):
            if "migrations" not in path.parts:
                yield str(path.relative_to(root)), path.read_text()


class TestStatus:
    def test_nothing_writes_a_status_in_bulk(self) -> None:
        assert side_doors(our_sources()) == []

    @pytest.mark.parametrize(
        "source",
        [
            "Visit.objects.filter(pk=1).update(status='done')",
            "Visit.objects.bulk_update(visits, ['engineer', 'status'])",
            "Visit.objects.bulk_update(visits, fields=('status',))",
            "setattr(order, 'status', 'completed')",
        ],
    )
    def test_the_check_sees_a_side_door(self, source: str) -> None:
        assert side_doors([("x.py", source)]) == ["x.py:1"]

    def test_every_lifecycle_field_is_protected(self) -> None:
        fields = [
            field
            for model in apps.get_models()
            for field in model._meta.fields
            if isinstance(field, FSMField) and "historical" not in model.__name__.lower()
        ]
        assert len(fields) >= 4
        assert [str(field) for field in fields if not field.protected] == []

    def test_assigning_a_protected_status_fails(self) -> None:
        from engineers.models import Visit

        visit = Visit()
        with pytest.raises(AttributeError):
            visit.status = "done"

    def test_every_lifecycle_has_its_known_values_as_a_constraint(self) -> None:
        for model in apps.get_models():
            lifecycles = [f for f in model._meta.fields if isinstance(f, FSMField)]
            if lifecycles:
                names = [c.name for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
                assert any(name.endswith("status_known") for name in names), model
