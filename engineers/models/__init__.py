from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .requests import EngineerRequest
from .visits import CityDay, Visit, VisitEvent

__all__ = [
    "Absence",
    "BrandAuthorisation",
    "CityDay",
    "Engineer",
    "EngineerCertificate",
    "EngineerRequest",
    "Skill",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
