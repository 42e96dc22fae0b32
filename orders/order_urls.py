"""Addresses behind an order's link, and the way to find it again."""

from django.urls import path, register_converter

from orders.converters import ReferenceConverter, TokenConverter
from orders.views import finding, order, proposals

register_converter(ReferenceConverter, "order_reference")
register_converter(TokenConverter, "order_token")

LINK = "o/<order_reference:reference>/<order_token:token>/"

urlpatterns = [
    path("find/", finding.find_order, name="find_order"),
    path(LINK, order.order, name="order"),
    path(f"{LINK}code/", order.order_code, name="order_code"),
    path(f"{LINK}window/", order.order_window, name="order_window"),
    path(f"{LINK}proposals/<int:proposal_id>/", proposals.order_proposal, name="order_proposal"),
    path(f"{LINK}cancel/", order.order_cancel, name="order_cancel"),
    path(f"{LINK}photos/<int:photo_id>/", order.order_photo, name="order_photo"),
]
