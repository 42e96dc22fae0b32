from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.state import ProjectState

from repairhub.core.append_only import ForbidChanges, ForbidColumnChanges

TABLE = "append_only_example"


def install(operation: ForbidChanges | ForbidColumnChanges) -> None:
    with connection.schema_editor() as editor:
        operation.database_forwards("core", editor, ProjectState(), ProjectState())


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def payloads() -> list[tuple[str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT what, payload FROM {TABLE} ORDER BY id")  # noqa: S608
        return cursor.fetchall()


@pytest.fixture
def table(transactional_db: None) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id serial, what text, payload text)")
        cursor.execute(f"INSERT INTO {TABLE} (what, payload) VALUES ('quote', '2149')")  # noqa: S608
    yield TABLE
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


class TestForbidChanges:
    def test_refuses_update_and_delete(self, table: str) -> None:
        install(ForbidChanges(table))
        for change in (f"UPDATE {table} SET what = 'x'", f"DELETE FROM {table}"):  # noqa: S608
            with pytest.raises(IntegrityError, match="append-only"):
                run(change)
        assert payloads() == [("quote", "2149")]

    def test_lets_rows_in(self, table: str) -> None:
        install(ForbidChanges(table))
        run(f"INSERT INTO {table} (what) VALUES ('second')")  # noqa: S608
        assert len(payloads()) == 2

    def test_lets_only_the_named_columns_change(self, table: str) -> None:
        install(ForbidChanges(table, except_columns=("payload",)))
        run(f"UPDATE {table} SET payload = NULL")  # noqa: S608
        assert payloads() == [("quote", None)]
        with pytest.raises(IntegrityError, match="append-only"):
            run(f"UPDATE {table} SET payload = 'x', what = 'y'")  # noqa: S608

    def test_lets_rows_go_where_only_changes_are_forbidden(self, table: str) -> None:
        install(ForbidChanges(table, delete=False))
        run(f"DELETE FROM {table}")  # noqa: S608
        assert payloads() == []

    def test_can_be_taken_back(self, table: str) -> None:
        operation = ForbidChanges(table)
        install(operation)
        with connection.schema_editor() as editor:
            operation.database_backwards("core", editor, ProjectState(), ProjectState())
        run(f"UPDATE {table} SET what = 'x'")  # noqa: S608
        assert payloads() == [("x", "2149")]

    def test_keeps_the_named_columns_and_lets_the_others_change(self, table: str) -> None:
        install(ForbidColumnChanges(table, ("what",)))
        run(f"UPDATE {table} SET payload = 'x', what = 'quote'")  # noqa: S608
        with pytest.raises(IntegrityError, match="append-only in what"):
            run(f"UPDATE {table} SET what = 'y'")  # noqa: S608
        assert payloads() == [("quote", "x")]

    def test_what_may_be_erased_may_not_be_rewritten(self, table: str) -> None:
        install(ForbidColumnChanges(table, ("payload",), may_be_erased=True))
        for _again in range(2):
            with pytest.raises(IntegrityError, match="append-only"):
                run(f"UPDATE {table} SET payload = 'x'")  # noqa: S608
            run(f"UPDATE {table} SET payload = NULL")  # noqa: S608
        assert payloads() == [("quote", None)]

    def test_kept_columns_are_written_into_migrations_and_can_be_taken_back(self, table: str) -> None:
        operation = ForbidColumnChanges(table, ("what",), may_be_erased=True)
        assert operation.deconstruct() == ("ForbidColumnChanges", [table, ("what",)], {"may_be_erased": True})
        install(operation)
        with connection.schema_editor() as editor:
            operation.database_backwards("core", editor, ProjectState(), ProjectState())
        run(f"UPDATE {table} SET what = 'x'")  # noqa: S608
        assert payloads() == [("x", "2149")]

    def test_is_written_into_migrations_with_its_exceptions(self) -> None:
        operation = ForbidChanges("t", except_columns=("payload",), delete=False)
        assert operation.deconstruct() == (
            "ForbidChanges",
            ["t"],
            {"except_columns": ("payload",), "delete": False},
        )
        assert ForbidChanges("t").deconstruct() == ("ForbidChanges", ["t"], {})
