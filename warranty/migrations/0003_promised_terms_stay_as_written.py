"""Terms that a quote or a warranty names are a promise: the database refuses to change them."""

from django.db import migrations

FREEZE = """
CREATE FUNCTION repairhub_keep_promised_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM warranty_warranty WHERE terms_id = OLD.id)
       OR EXISTS (SELECT 1 FROM orders_quoteline WHERE terms_version = OLD.version AND grade = OLD.grade) THEN
        RAISE EXCEPTION 'warranty terms % (%) were promised: % refused', OLD.version, OLD.grade, TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER warranty_terms_promised BEFORE UPDATE OR DELETE ON warranty_warrantyterms
    FOR EACH ROW EXECUTE FUNCTION repairhub_keep_promised_terms();
"""
THAW = """
DROP TRIGGER warranty_terms_promised ON warranty_warrantyterms;
DROP FUNCTION repairhub_keep_promised_terms();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("warranty", "0002_first_terms"),
        ("orders", "0001_orders_quotes_and_fittings"),
    ]

    operations = [migrations.RunSQL(FREEZE, THAW)]
