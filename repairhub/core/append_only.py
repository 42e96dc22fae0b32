"""Tables whose rows stay as they were written: quotes, ledgers, events."""

from django.db.migrations.operations.special import RunSQL

FUNCTION = """
CREATE OR REPLACE FUNCTION repairhub_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

COLUMN_FUNCTION = """
CREATE OR REPLACE FUNCTION repairhub_refuse_column_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only in %: % refused', TG_TABLE_NAME, TG_ARGV[0], TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class ForbidChanges(RunSQL):
    """Migration operation: a trigger refuses UPDATE and DELETE on `table`.

    `except_columns`: columns that may still change (such as a payload that a person may have erased);
    an UPDATE that touches only these passes.
    """

    def __init__(self, table: str, *, except_columns: tuple[str, ...] = (), delete: bool = True) -> None:
        self.table, self.except_columns, self.delete = table, except_columns, delete
        trigger = f"{table}_append_only"
        keep = (
            f"to_jsonb(NEW) - ARRAY[{_quoted(except_columns)}]::text[] IS DISTINCT FROM "
            f"to_jsonb(OLD) - ARRAY[{_quoted(except_columns)}]::text[]"
        )
        when = f"WHEN ({keep})" if except_columns else ""
        sql = FUNCTION + (
            f'CREATE TRIGGER "{trigger}_update" BEFORE UPDATE ON "{table}" FOR EACH ROW {when} '
            "EXECUTE FUNCTION repairhub_refuse_change();"
        )
        reverse = f'DROP TRIGGER "{trigger}_update" ON "{table}";'
        if delete:
            sql += (
                f'CREATE TRIGGER "{trigger}_delete" BEFORE DELETE ON "{table}" FOR EACH ROW '
                "EXECUTE FUNCTION repairhub_refuse_change();"
            )
            reverse += f'DROP TRIGGER "{trigger}_delete" ON "{table}";'
        super().__init__(sql=sql, reverse_sql=reverse)

    def deconstruct(self) -> tuple[str, list[str], dict[str, object]]:
        """How a migration writes this operation down."""
        kwargs: dict[str, object] = {}
        if self.except_columns:
            kwargs["except_columns"] = self.except_columns
        if not self.delete:
            kwargs["delete"] = False
        return (self.__class__.__name__, [self.table], kwargs)


class ForbidColumnChanges(RunSQL):
    """Migration operation: a trigger refuses an UPDATE of `table` that changes one of `columns`.

    For rows that live on but keep their promise (a visit's window). `may_be_erased`: a change to NULL passes
    (a person's data is erased), and nothing comes back afterwards.
    """

    def __init__(self, table: str, columns: tuple[str, ...], *, may_be_erased: bool = False) -> None:
        self.table, self.columns, self.may_be_erased = table, tuple(columns), may_be_erased
        changes = []
        for column in self.columns:
            change = f'NEW."{column}" IS DISTINCT FROM OLD."{column}"'
            changes.append(f'({change} AND NEW."{column}" IS NOT NULL)' if may_be_erased else change)
        trigger = f"{table}_{'_'.join(self.columns)}"[:50] + "_stay"
        super().__init__(
            sql=COLUMN_FUNCTION
            + (
                f'CREATE TRIGGER "{trigger}" BEFORE UPDATE ON "{table}" FOR EACH ROW '
                f"WHEN ({' OR '.join(changes)}) "
                f"EXECUTE FUNCTION repairhub_refuse_column_change('{', '.join(self.columns)}');"
            ),
            reverse_sql=f'DROP TRIGGER "{trigger}" ON "{table}";',
        )

    def deconstruct(self) -> tuple[str, list[object], dict[str, object]]:  # type: ignore[override]
        """How a migration writes this operation down."""
        kwargs: dict[str, object] = {"may_be_erased": True} if self.may_be_erased else {}
        return (self.__class__.__name__, [self.table, self.columns], kwargs)


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f"'{column}'" for column in columns)
