"""Addresses of the engineer's visit page."""

from django.urls import path

from orders.views import door

urlpatterns = [
    path("engineer/visits/<str:reference>/", door.door_page, name="door"),
    path("engineer/visits/<str:reference>/<str:step>/", door.door_step, name="door_step"),
]
