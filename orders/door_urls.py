"""Addresses of the engineer's visit page."""

from django.urls import path

from orders.views import door

urlpatterns = [
    path("engineer/visits/<slug:reference>/", door.door_page, name="door"),
    path("engineer/visits/<slug:reference>/<slug:step>/", door.door_step, name="door_step"),
]
