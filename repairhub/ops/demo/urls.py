"""Mounted at /demo/ where settings.DEMO is on."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.front, name="demo"),
    path("messages/", views.messages, name="demo_messages"),
]
