"""Customers: known by the address they proved, without a password."""

from datetime import datetime

from django.db import IntegrityError, transaction

from repairhub.notifications.addresses import Address
from repairhub.notifications.states import Channel

from ..models import User
from ..states import Role


def customer_for(*, address: Address, name: str, language: str, at: datetime) -> User:
    """The user with this address, or a new customer who cannot sign in.

    Somebody who is known already, staff too, comes back unchanged: a booking renames nobody.
    """
    known = User.objects.with_address(address).first()
    if known is not None:
        return known
    customer = User(role=Role.CUSTOMER, name=name.strip(), language=language, created_at=at)
    if address.channel == Channel.SMS:
        customer.phone = address.value
    else:
        customer.email = address.value
    customer.set_unusable_password()
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError:  # somebody else made them at this moment
        return User.objects.with_address(address).get()
    return customer
