"""Addresses of a booking, step by step."""

from django.urls import path

from orders.views import booking, booking_choices, booking_promise

urlpatterns = [
    path("book/", booking_choices.book, name="book"),
    path("book/phone/", booking_choices.book_device, name="book_device"),
    path("book/repair/", booking_choices.book_repairs, name="book_repairs"),
    path("book/place/", booking_choices.book_place, name="book_place"),
    path("book/time/", booking_choices.book_window, name="book_window"),
    path("book/time/more/", booking_choices.book_more_windows, name="book_more_windows"),
    path("book/contact/", booking_promise.book_contact, name="book_contact"),
    path("book/contact/<int:position>/", booking_promise.book_code, name="book_code"),
    path("book/confirm/", booking_promise.book_confirm, name="book_confirm"),
    path("book/done/", booking_promise.booked, name="booked"),
    path("book/another/", booking.book_another, name="book_another"),
    path("book/forget/", booking.forget_me, name="forget_me"),
]
