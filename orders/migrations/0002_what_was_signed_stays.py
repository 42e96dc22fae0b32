from django.db import migrations

from repairhub.core.append_only import ForbidChanges, ForbidColumnChanges

# The booking writes the quote, its lines and then the approval: whatever comes later was never shown.
REFUSE_LATE_LINES = """
CREATE FUNCTION repairhub_refuse_late_quote_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM orders_quoteapproval WHERE quote_id = NEW.quote_id) THEN
        RAISE EXCEPTION 'orders_quoteline is append-only: quote % is approved, % refused', NEW.quote_id, TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_quoteline_before_approval BEFORE INSERT ON orders_quoteline
    FOR EACH ROW EXECUTE FUNCTION repairhub_refuse_late_quote_line();
"""
TAKE_LATE_LINES = """
DROP TRIGGER orders_quoteline_before_approval ON orders_quoteline;
DROP FUNCTION repairhub_refuse_late_quote_line();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_orders_quotes_and_fittings")]

    operations = [
        ForbidChanges("orders_handover"),
        ForbidColumnChanges("orders_orderevent", ("payload", "salt"), may_be_erased=True),
        migrations.RunSQL(REFUSE_LATE_LINES, TAKE_LATE_LINES),
    ]
