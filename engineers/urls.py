"""Addresses of the dispatch board and of the engineer's day."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
