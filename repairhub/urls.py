"""Every address of the product. Pages are closed unless their view says @login_not_required."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

from repairhub.accounts.views import switch_language

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("i18n/setlang/", switch_language, name="set_language"),
    path("i18n/catalogue.js", login_not_required(JavaScriptCatalog.as_view()), name="javascript_catalogue"),
    path("accounts/", include("repairhub.accounts.sign_in_urls")),
    path("staff/", include("repairhub.accounts.urls")),
    path("", include("orders.urls")),
    path("", include("orders.door_urls")),
    path("", include("engineers.urls")),
    path("", include("warranty.urls")),
    path("", include("repairhub.ops.urls")),
    path("api/", include("repairhub.api_urls")),
    path("admin/", admin.site.urls),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("repairhub.ops.demo.urls")))
