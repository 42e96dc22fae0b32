from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "repairhub.core"
    label = "core"
