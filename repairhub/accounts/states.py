"""Roles of people and purposes of codes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CUSTOMER = "customer", _("customer")
    ENGINEER = "engineer", _("engineer")
    DISPATCHER = "dispatcher", _("dispatcher")
    CASE_OFFICER = "case_officer", _("case officer")
    PARTS_ADMIN = "parts_admin", _("parts admin")
    MANAGER = "manager", _("manager")


STAFF_ROLES = [role for role in Role if role != Role.CUSTOMER]
# These work in the Django admin as well.
ADMIN_ROLES = [Role.PARTS_ADMIN, Role.MANAGER]


class Purpose(models.TextChoices):
    """What a one-time code is good for: one of one purpose never serves another."""

    CONTACT = "contact", _("proves a contact")
    DOOR = "door", _("opens the door step")
    PROPOSAL = "proposal", _("accepts a proposal on the phone")
