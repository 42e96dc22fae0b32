from django.urls import include, path

urlpatterns = [
    path("", include("orders.booking_urls")),
    path("", include("orders.order_urls")),
]
