from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .visits import CityDay, Visit, VisitEvent

__all__ = [
    "Absence",
    "BrandAuthorisation",
    "CityDay",
    "Engineer",
    "EngineerCertificate",
    "Skill",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
