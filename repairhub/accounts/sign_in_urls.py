"""The pages of allauth that are open here: sign in and out, password, second factor.

Left out on purpose: sign-up, log-in by code, password reset by mail, management of addresses. A manager
makes accounts and resets passwords in the admin.
"""

from allauth.account import views
from django.urls import include, path

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]
