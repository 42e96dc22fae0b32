import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def void_dead_parts(apps, schema_editor):
    """Until now a fitting was void by its visit's end: the engineer had found the new part faulty."""
    Fitting = apps.get_model("orders", "Fitting")
    Visit = apps.get_model("engineers", "Visit")
    ended_at = Visit.objects.filter(pk=OuterRef("visit_id")).values("ended_at")[:1]
    Fitting.objects.filter(
        visit__status="cannot_complete", visit__end_reason="part_faulty", voided_at=None
    ).update(voided_at=Coalesce(Subquery(ended_at), "fitted_at"), void_reason="dead_on_arrival")


class Migration(migrations.Migration):
    dependencies = [
        ("engineers", "0004_promised_window_and_place_stay"),
        ("orders", "0002_what_was_signed_stays"),
    ]

    operations = [
        migrations.AddField(
            model_name="fitting",
            name="voided_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="void since"),
        ),
        migrations.AddField(
            model_name="fitting",
            name="void_reason",
            field=models.CharField(
                blank=True,
                choices=[("not_fitted", "Not fitted after all"), ("dead_on_arrival", "Dead on arrival")],
                default="",
                max_length=20,
                verbose_name="why void",
            ),
            preserve_default=False,
        ),
        migrations.RunPython(void_dead_parts, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="fitting",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fittings",
                to="parts.stockunit",
                verbose_name="unit in",
            ),
        ),
        migrations.RemoveConstraint(model_name="fitting", name="line_fitted_once_per_visit"),
        migrations.AddConstraint(
            model_name="fitting",
            constraint=models.UniqueConstraint(
                condition=Q(("voided_at__isnull", True)),
                fields=("line", "visit"),
                name="line_fitted_once_per_visit",
            ),
        ),
        migrations.AddConstraint(
            model_name="fitting",
            constraint=models.UniqueConstraint(
                condition=Q(("voided_at__isnull", True)), fields=("unit",), name="unit_in_one_phone"
            ),
        ),
        migrations.AddConstraint(
            model_name="fitting",
            constraint=models.CheckConstraint(
                condition=Q(("void_reason", ""), ("voided_at__isnull", True))
                | Q(
                    ("void_reason__in", ["not_fitted", "dead_on_arrival"]),
                    ("voided_at__isnull", False),
                ),
                name="fitting_void_with_its_reason",
            ),
        ),
    ]
