from .access import AccessNote
from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .visits import CityDay, Visit, VisitEvent

__all__ = [
    "Absence",
    "AccessNote",
    "BrandAuthorisation",
    "CityDay",
    "Engineer",
    "EngineerCertificate",
    "Skill",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
