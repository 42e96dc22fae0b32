"""The order of the rooms: imports and relations go down only (design, section 3)."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Model

# from the top down; what stands in one row may use what stands below it, and its own row
ORDER = [
    [
        "repairhub.ops",
        "repairhub.urls",
        "repairhub.api_urls",
        "repairhub.celery",
        "repairhub.views",
        "repairhub.wsgi",
    ],
    ["warranty"],
    ["orders"],
    ["engineers"],
    ["parts"],
    ["repairhub.sla"],
    ["repairhub.accounts"],
    ["repairhub.notifications"],
    ["repairhub.places"],
    ["repairhub.core"],
]
LABELS = [row[0].removeprefix("repairhub.") for row in ORDER]


def rank_of(module: str) -> int | None:
    """The row of a module, 0 on top; None for what is not ours."""
    for rank, row in enumerate(ORDER):
        if any(module == name or module.startswith(name + ".") for name in row):
            return rank
    return None


def imported_names(source: str, module: str) -> Iterator[str]:
    """Every module that the source imports, relative ones resolved."""
    package = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            yield name
            # `from repairhub import sla` names a room too
            yield from (f"{name}.{alias.name}" for alias in node.names if name == "repairhub")


def upward_imports(sources: Iterable[tuple[str, str]]) -> list[str]:
    """ "module imports module" for every import that goes up; `import repairhub` itself counts as up."""
    faults = []
    for module, source in sources:
        own = rank_of(module)
        if own is None or own == 0:
            continue
        for name in imported_names(source, module):
            other = rank_of(name)
            if name == "repairhub" or (other is not None and other < own):
                faults.append(f"{module} imports {name}")
    return faults


def upward_relations(models: Iterable[type[Model]], order: list[str]) -> list[str]:
    """ "app.Model.field -> app.Model" for every relation, also by a string, to a model of a higher app."""
    faults = []
    for model in models:
        own = model._meta.app_label
        for field in [*model._meta.fields, *model._meta.many_to_many]:
            target = field.related_model
            if target is None or own not in order:
                continue
            other = target._meta.app_label
            if other in order and order.index(other) < order.index(own):
                faults.append(f"{own}.{model.__name__}.{field.name} -> {other}.{target.__name__}")
    return faults


def our_sources() -> Iterator[tuple[str, str]]:
    """(module, source) of every file of the product; an __init__ counts as inside its package."""
    root = Path(settings.BASE_DIR)
    for top in ("repairhub", "parts", "engineers", "orders", "warranty"):
        for path in (root / top).rglob("*.py"):
            yield ".".join(path.relative_to(root).with_suffix("").parts), path.read_text()


class TestImports:
    def test_no_room_imports_from_above(self) -> None:
        assert upward_imports(our_sources()) == []

    @pytest.mark.parametrize(
        ("module", "source"),
        [
            ("parts.models.stock", "from orders.models import Fitting"),
            ("repairhub.core.money", "from repairhub.places.models import City"),
            ("repairhub.sla.models", "def f():\n    import parts.models"),
            ("engineers.services.routes", "from repairhub import ops"),
            ("orders.views.door", "import repairhub"),
            ("repairhub.places.models", "from ..accounts import models"),
        ],
    )
    def test_the_check_sees_an_import_that_goes_up(self, module: str, source: str) -> None:
        assert upward_imports([(module, source)])


class TestRelations:
    def test_no_model_points_to_a_higher_app(self) -> None:
        assert upward_relations(apps.get_models(), LABELS) == []

    def test_the_check_sees_a_relation_that_goes_up(self) -> None:
        upside_down = list(reversed(LABELS))
        assert "orders.Fitting.visit -> engineers.Visit" in upward_relations(apps.get_models(), upside_down)

    def test_every_app_of_ours_has_its_place_in_the_order(self) -> None:
        ours = {config.label for config in apps.get_app_configs() if rank_of(config.name) is not None}
        assert ours == set(LABELS)


class TestFiles:
    def test_no_module_has_a_name_that_says_nothing(self) -> None:
        nothing = {"utils", "helpers", "common", "misc"}
        assert [module for module, _source in our_sources() if nothing & set(module.split("."))] == []

    def test_no_module_is_much_longer_than_400_lines(self) -> None:
        long = {
            module: lines
            for module, source in our_sources()
            if ".migrations." not in module and (lines := source.count("\n")) > 420
        }
        assert long == {}
