from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WarrantyConfig(AppConfig):
    name = "warranty"
    verbose_name = _("Warranty")

    def ready(self) -> None:
        """Answers the ports of the apps below and listens to its news."""
        from engineers.ports import register_rework_counts
        from orders.ports import register_order_section, register_rework_lines, register_warranty_term
        from warranty import receivers, wording  # noqa: F401
        from warranty.selectors.order_page import order_section
        from warranty.selectors.rework import lines_of_rework
        from warranty.selectors.rework_counts import counts_of_reworks
        from warranty.selectors.terms import term_for

        register_warranty_term(term_for)
        register_rework_lines(lines_of_rework)
        register_order_section(order_section)
        register_rework_counts(counts_of_reworks)
        wording.register()
