"""Addresses of what orders adds to the dispatch board."""

from django.urls import path

from orders.views import proposing

urlpatterns = [
    path("dispatch/visits/<slug:reference>/proposal/", proposing.board_proposal, name="board_proposal"),
    path(
        "dispatch/visits/<slug:reference>/proposal/<slug:step>/",
        proposing.board_proposal_step,
        name="board_proposal_step",
    ),
]
