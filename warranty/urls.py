"""Addresses after the repair: the customer's behind the order's link, the case officer's under /claims/."""

from django.urls import path

from orders.order_urls import LINK
from warranty.views import customer, desk

CLAIM = "claims/<order_reference:reference>/"

urlpatterns = [
    path(f"{LINK}claim/", customer.file_claim_page, name="file_claim"),
    path(f"{LINK}rework/", customer.rework_window, name="rework_window"),
    path(f"{LINK}claim-photos/<int:photo_id>/", customer.own_claim_photo, name="own_claim_photo"),
    path("claims/", desk.claims, name="claims"),
    path("claims/export.csv", desk.claims_csv, name="claims_csv"),
    path(CLAIM, desk.claim, name="claim"),
    path(f"{CLAIM}decide/", desk.decide, name="decide_claim"),
    path(f"{CLAIM}transfer/", desk.transfer, name="transfer_claim"),
    path(f"{CLAIM}take-over/", desk.take_over, name="take_over_claim"),
    path(f"{CLAIM}photos/<int:photo_id>/", desk.claim_photo, name="claim_photo"),
    path(f"{CLAIM}hand-over/<int:photo_id>/", desk.hand_over_photo, name="claim_hand_over_photo"),
]
