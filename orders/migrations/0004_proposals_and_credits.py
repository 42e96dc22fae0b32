import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django_fsm
import simple_history.models
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

import orders.models.proposals
import repairhub.core.lifecycle
from repairhub.core.append_only import FUNCTION, ForbidChanges, ForbidColumnChanges

OFFERED = (
    "order_id",
    "visit_id",
    "kind",
    "raised_by",
    "reason",
    "note",
    "old_window_start_at",
    "old_window_end_at",
    "windows",
    "credit",
    "currency",
    "answers_id",
    "created_by_id",
    "created_at",
    "expires_at",
)
# What was answered stays answered; only the visit that an acceptance brings is written after it, once.
CLOSED_STAYS = (
    FUNCTION
    + """
CREATE TRIGGER orders_proposal_closed_stays BEFORE UPDATE ON orders_proposal FOR EACH ROW
    WHEN (OLD.status <> 'open' AND (
        OLD.new_visit_id IS NOT NULL
        OR to_jsonb(NEW) - 'new_visit_id' IS DISTINCT FROM to_jsonb(OLD) - 'new_visit_id'
    ))
    EXECUTE FUNCTION repairhub_refuse_change();
CREATE TRIGGER orders_proposal_stays BEFORE DELETE ON orders_proposal FOR EACH ROW
    EXECUTE FUNCTION repairhub_refuse_change();
"""
)
CLOSED_MOVES = """
DROP TRIGGER orders_proposal_closed_stays ON orders_proposal;
DROP TRIGGER orders_proposal_stays ON orders_proposal;
"""


def create_general_policy(apps, schema_editor):
    # from now on: windows that were broken before this release were promised without a credit
    apps.get_model("orders", "LatePolicy").objects.get_or_create(
        city=None, defaults={"starts_at": timezone.now()}
    )


class Migration(migrations.Migration):
    dependencies = [
        ("engineers", "0005_plans_know_their_version"),
        ("orders", "0003_a_part_can_be_taken_back"),
        ("places", "0003_city_zone_is_known"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalLatePolicy",
            fields=[
                (
                    "id",
                    models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID"),
                ),
                (
                    "percent_per_hour",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="per cent for each started hour late",
                    ),
                ),
                (
                    "cap_percent",
                    models.PositiveSmallIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="at most (per cent)",
                    ),
                ),
                (
                    "lost_window_percent",
                    models.PositiveSmallIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="per cent where we do not come in the window at all",
                    ),
                ),
                (
                    "answer_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(168),
                        ],
                        verbose_name="hours to answer a proposal",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(
                        help_text="Windows that ended before are not credited by it.",
                        verbose_name="holds from",
                    ),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Empty: every city that has no row of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="places.city",
                        verbose_name="city",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical policy for broken windows",
                "verbose_name_plural": "historical policies for broken windows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("new_window", "Another arrival window")], max_length=20, verbose_name="kind"
                    ),
                ),
                (
                    "status",
                    django_fsm.FSMField(
                        choices=[
                            ("open", "Waiting for an answer"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined: the old promise stays"),
                            ("expired", "Expired without an answer"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                        protected=True,
                        verbose_name="status",
                    ),
                ),
                (
                    "raised_by",
                    models.CharField(
                        choices=[("us", "RepairHub"), ("customer", "Customer")],
                        max_length=10,
                        verbose_name="raised by",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("engineer_out", "The engineer who was to come cannot come."),
                            ("nobody_free", "Nobody qualified is free in the promised window any more."),
                            ("running_late", "The visits before yours take longer than planned."),
                            ("part_missing", "The part is not at hand in time."),
                            ("roads", "Weather or traffic keeps us from coming in time."),
                            ("other", "Another reason"),
                            ("customer_asked", "The customer asked for another window."),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "old_window_start_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="promised window starts at"),
                ),
                (
                    "old_window_end_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="promised window ends at"),
                ),
                (
                    "windows",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="windows offered",
                    ),
                ),
                (
                    "credit",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=10, verbose_name="credit promised"
                    ),
                ),
                ("currency", models.CharField(default="CNY", max_length=3, verbose_name="currency")),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("expires_at", models.DateTimeField(verbose_name="open until")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed at")),
                (
                    "chosen",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        blank=True, null=True, verbose_name="window chosen"
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("page", "On the order's page"),
                            ("pin", "With the PIN, on another device"),
                            ("phone", "On the phone, with a code that we sent"),
                            ("api", "Through the API"),
                        ],
                        max_length=10,
                        verbose_name="how answered",
                    ),
                ),
                (
                    "withdrawn_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("kept", "The promised window can be kept after all."),
                            ("under_way", "The engineer has set out."),
                            ("visit_over", "The visit does not take place in this window any more."),
                            ("desk", "The dispatch desk took it back."),
                        ],
                        max_length=12,
                        verbose_name="why withdrawn",
                    ),
                ),
                ("end_note", models.CharField(blank=True, max_length=300, verbose_name="note on the end")),
                (
                    "answers",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counters",
                        to="orders.proposal",
                        verbose_name="counters the proposal",
                    ),
                ),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.ordercontact",
                        verbose_name="answered by the contact",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: the system.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "new_visit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="engineers.visit",
                        verbose_name="visit instead",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="orders.repairorder",
                        verbose_name="repair order",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="engineers.visit",
                        verbose_name="visit",
                    ),
                ),
            ],
            options={
                "verbose_name": "proposal",
                "verbose_name_plural": "proposals",
                "ordering": ["-created_at", "-id"],
            },
            bases=(repairhub.core.lifecycle.LifecycleMixin, models.Model),
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missed", "The promised window passed with nobody at your door"),
                            ("late", "We came still later"),
                            ("lost_window", "We did not come in the promised window at all"),
                            ("new_window", "You agreed to another window"),
                        ],
                        max_length=12,
                        verbose_name="reason",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10, verbose_name="amount")),
                ("currency", models.CharField(default="CNY", max_length=3, verbose_name="currency")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="orders.repairorder",
                        verbose_name="repair order",
                    ),
                ),
                (
                    "visit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="engineers.visit",
                        verbose_name="visit",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="orders.proposal",
                        verbose_name="proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "credit",
                "verbose_name_plural": "credits",
                "ordering": ["at", "id"],
            },
        ),
        migrations.CreateModel(
            name="LatePolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "percent_per_hour",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="per cent for each started hour late",
                    ),
                ),
                (
                    "cap_percent",
                    models.PositiveSmallIntegerField(
                        default=50,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="at most (per cent)",
                    ),
                ),
                (
                    "lost_window_percent",
                    models.PositiveSmallIntegerField(
                        default=20,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="per cent where we do not come in the window at all",
                    ),
                ),
                (
                    "answer_hours",
                    models.PositiveSmallIntegerField(
                        default=24,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(168),
                        ],
                        verbose_name="hours to answer a proposal",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(
                        help_text="Windows that ended before are not credited by it.",
                        verbose_name="holds from",
                    ),
                ),
                (
                    "city",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: every city that has no row of its own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="late_policies",
                        to="places.city",
                        verbose_name="city",
                    ),
                ),
            ],
            options={
                "verbose_name": "policy for broken windows",
                "verbose_name_plural": "policies for broken windows",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("city",), name="late_policy_once_per_city", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_percent__lte", 100),
                            ("lost_window_percent__lte", 100),
                            ("percent_per_hour__lte", 100),
                        ),
                        name="late_policy_percent_of_the_labour",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("answer_hours__range", (1, 168))),
                        name="late_policy_gives_time_to_answer",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("status", "open")), fields=["expires_at"], name="proposal_lapsing"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "accepted", "declined", "expired", "withdrawn"])),
                name="proposal_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["new_window"])), name="proposal_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "new_window"), ("status", "open")),
                fields=("visit",),
                name="proposal_one_open_window_per_visit",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "new_window"), _negated=True),
                    models.Q(
                        ("old_window_end_at__gt", models.F("old_window_start_at")),
                        ("old_window_start_at__isnull", False),
                        ("visit__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="proposal_of_a_window_names_the_old_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", "other"), _negated=True),
                    models.Q(("note", ""), _negated=True),
                    _connector="OR",
                ),
                name="proposal_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit__gte", 0)), name="proposal_credit_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))),
                name="proposal_expires_after_creation",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(("windows__len__lte", 6)), name="proposal_windows_are_few"
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("status", "open")),
                    models.Q(models.Q(("status", "open"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="proposal_closed_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "accepted"), ("chosen__isnull", False)),
                    models.Q(
                        models.Q(("status", "accepted"), _negated=True),
                        ("chosen__isnull", True),
                        ("new_visit__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="proposal_accepted_has_its_choice",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("chosen__isnull", True),
                    orders.models.proposals.IsAmong(models.F("chosen"), models.F("windows")),
                    _connector="OR",
                ),
                name="proposal_choice_was_offered",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["accepted", "declined"]), _negated=True),
                    models.Q(("how", ""), _negated=True),
                    _connector="OR",
                ),
                name="proposal_answered_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "withdrawn"), models.Q(("withdrawn_because", ""), _negated=True)),
                    models.Q(models.Q(("status", "withdrawn"), _negated=True), ("withdrawn_because", "")),
                    _connector="OR",
                ),
                name="proposal_withdrawn_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.UniqueConstraint(
                fields=("order", "visit", "reason"), name="credit_once_per_occasion"
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="credit_is_some_money"
            ),
        ),
        migrations.AddConstraint(
            model_name="credit",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason__in", ["missed", "late", "lost_window", "new_window"])),
                name="credit_reason_known",
            ),
        ),
        ForbidColumnChanges("orders_proposal", OFFERED),
        migrations.RunSQL(CLOSED_STAYS, CLOSED_MOVES),
        ForbidChanges("orders_credit"),
        migrations.RunPython(create_general_policy, migrations.RunPython.noop),
    ]
