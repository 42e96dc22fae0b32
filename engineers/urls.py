"""Addresses of the dispatch board and of the engineer's day."""

from django.urls import path

from engineers.views import board, day, plan_runs

urlpatterns = [
    path("dispatch/", board.board, name="board"),
    path("dispatch/visits.csv", board.board_export, name="board_export"),
    path("dispatch/visits/<slug:reference>/", board.board_visit, name="board_visit"),
    path("dispatch/visits/<slug:reference>/engineer/", board.name_engineer, name="dispatch_visit"),
    path("dispatch/visits/<slug:reference>/turn-back/", board.turn_back_visit, name="turn_back_visit"),
    path("dispatch/plans/", plan_runs.ask_plan, name="ask_plan"),
    path("dispatch/plans/<slug:reference>/", plan_runs.plan_run, name="plan_run"),
    path("dispatch/plans/<slug:reference>/apply/", plan_runs.apply_plan, name="apply_plan"),
    path("dispatch/plans/<slug:reference>/cancel/", plan_runs.cancel_plan, name="cancel_plan"),
    path("engineer/", day.engineer_day, name="engineer_day"),
]
