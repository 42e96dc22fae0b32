"""Addresses of the dispatch board, of the engineer's pages, and of the desk's answers to requests."""

from django.urls import path

from engineers.views import access, board, day, moving, plan_runs, qualification, requests, weather

urlpatterns = [
    path("dispatch/", board.board, name="board"),
    path("dispatch/map.json", board.board_map, name="board_map"),
    path("dispatch/visits.csv", board.board_export, name="board_export"),
    path("dispatch/visits/<slug:reference>/", board.board_visit, name="board_visit"),
    path("dispatch/visits/<slug:reference>/engineer/", board.name_engineer, name="dispatch_visit"),
    path("dispatch/visits/<slug:reference>/turn-back/", board.turn_back_visit, name="turn_back_visit"),
    path("dispatch/weather/<slug:city>/<slug:on>/", weather.day_weather, name="day_weather"),
    path("dispatch/visits/<slug:reference>/move/", moving.move, name="move_visit"),
    path("dispatch/visits/<slug:reference>/pin/", moving.pin, name="pin_visit"),
    path("dispatch/visits/<slug:reference>/access-note/", moving.access_note, name="access_note"),
    path("engineer/access-notes/<slug:reference>/", access.own_access_note, name="own_access_note"),
    path("dispatch/plans/", plan_runs.ask_plan, name="ask_plan"),
    path("dispatch/plans/<slug:reference>/", plan_runs.plan_run, name="plan_run"),
    path("dispatch/plans/<slug:reference>/apply/", plan_runs.apply_plan, name="apply_plan"),
    path("dispatch/plans/<slug:reference>/cancel/", plan_runs.cancel_plan, name="cancel_plan"),
    path("engineer/", day.engineer_day, name="engineer_day"),
    path("certificates/", qualification.own_certificates, name="own_certificates"),
    path("qualification/", qualification.qualifications, name="qualifications"),
    path("qualification/engineers.csv", qualification.qualifications_csv, name="qualifications_csv"),
    path(
        "qualification/<int:engineer_id>/<slug:skill>/", qualification.qualification, name="qualification_of"
    ),
    path(
        "qualification/<int:engineer_id>/<slug:skill>/suspend/", qualification.suspend, name="suspend_skill"
    ),
    path("qualification/<int:engineer_id>/<slug:skill>/lift/", qualification.lift, name="lift_suspension"),
    path("engineer/worker.js", day.worker_script, name="engineer_worker"),
    path("engineer/late/<slug:reference>/", day.report_late, name="report_late"),
    path("engineer/van/", day.van_stock, name="van_stock"),
    path("engineer/requests/", requests.engineer_requests, name="engineer_requests"),
    path("engineer/requests/<slug:kind>/", requests.ask, name="ask"),
    path("engineer/requests/<int:request_id>/withdraw/", requests.withdraw, name="withdraw_request"),
    path("requests/", requests.desk_requests, name="desk_requests"),
    path("requests/<int:request_id>/", requests.desk_request, name="desk_request"),
    path("requests/<int:request_id>/answer/", requests.decide, name="decide_request"),
]
