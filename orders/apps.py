from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = _("Orders")

    def ready(self) -> None:
        """Answers the ports of the apps below and listens to their news."""
        from engineers.ports import (
            register_needed_parts,
            register_panel_sections,
            register_visit_details,
            register_visit_references,
            register_visit_search,
            register_visit_titles,
        )
        from orders import receivers  # noqa: F401
        from orders.details import (
            details_of_visits,
            parts_of_visits,
            references_of_visits,
            titles_of_visits,
            visits_ordered_under,
        )
        from orders.proposal_panel import panel_sections

        register_visit_details(details_of_visits)
        register_visit_titles(titles_of_visits)
        register_needed_parts(parts_of_visits)
        register_visit_references(references_of_visits)
        register_visit_search(visits_ordered_under)
        register_panel_sections(panel_sections)
