from django.urls import include, path

urlpatterns = [
    path("", include("orders.booking_urls")),
    path("", include("orders.order_urls")),
    path("", include("orders.board_urls")),
]
