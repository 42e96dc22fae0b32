"""The engine stands alone: no Django, no database, no clock of its own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import engineers.dispatch

PACKAGE = Path(engineers.dispatch.__file__).parent
MODULES = sorted(PACKAGE.glob("*.py"))


def test_importing_it_imports_no_django():
    code = (
        "import sys, engineers.dispatch; "
        "print([name for name in sys.modules if name.startswith(('django', 'repairhub'))])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent.parent, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_reads_the_clock_or_draws_at_random(module):
    tree = ast.parse(module.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not imported & {"django", "time", "random", "os", "repairhub"}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not attributes & {"now", "today", "utcnow"}


def test_the_checker_shares_no_arithmetic_with_what_it_checks():
    tree = ast.parse((PACKAGE / "check.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not modules & {
        "engineers.dispatch.schedule",
        "engineers.dispatch.clock",
        "engineers.dispatch.insertion",
    }
