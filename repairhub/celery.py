"""Celery: settings from Django (CELERY_*), the beat's schedule here."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repairhub.settings.local")

app = Celery("repairhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Any number of beats may run this: each job claims its minute in the database first.
app.conf.beat_schedule = {
    "sweep-clocks": {
        "task": "repairhub.sla.tasks.sweep_clocks",
        "schedule": crontab(),
        "options": {"expires": 50},
    },
    "send-due-messages": {
        "task": "repairhub.notifications.tasks.send_due_messages",
        "schedule": crontab(),
        "options": {"expires": 50},
    },
    "sweep-proposals": {
        "task": "orders.tasks.sweep_open_proposals",
        "schedule": crontab(),
        "options": {"expires": 50},
    },
    "plan-changed-days": {
        "task": "engineers.tasks.plan_changed_days",
        "schedule": crontab(minute="3-59/10"),
        "options": {"expires": 500},
    },
    "plan-tomorrow": {
        "task": "engineers.tasks.plan_tomorrow",
        "schedule": crontab(hour=18, minute=30),  # 02:30 in the cities' zone: nobody books, nobody drives
        "options": {"expires": 3600},
    },
    "review-rework-rates": {
        "task": "engineers.tasks.review_all_rework_rates",
        "schedule": crontab(hour=17, minute=30),  # 01:30 in the cities' zone: before the day is planned
        "options": {"expires": 3600},
    },
    "remind-of-ending-certificates": {
        "task": "engineers.tasks.remind_of_ending_certificates",
        "schedule": crontab(hour=0, minute=30),  # 08:30 in the cities' zone
        "options": {"expires": 3600},
    },
    "forget-drafts": {
        "task": "orders.tasks.forget_drafts",
        "schedule": crontab(minute=27),
        "options": {"expires": 1800},
    },
    "forget-places": {
        "task": "engineers.tasks.forget_places",
        "schedule": crontab(hour=19, minute=47),  # 03:47 in the cities' zone
        "options": {"expires": 3600},
    },
    "forget-old-rows": {
        "task": "repairhub.accounts.tasks.forget_old_rows",
        "schedule": crontab(minute=17),
        "options": {"expires": 1800},
    },
}
