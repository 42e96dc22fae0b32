from .people import Absence, BrandAuthorisation, Engineer, EngineerCertificate, Skill, WeeklyShift
from .qualification import Assessment, QualificationPolicy, SkillSuspension
from .visits import CityDay, Visit, VisitEvent

__all__ = [
    "Absence",
    "Assessment",
    "BrandAuthorisation",
    "CityDay",
    "Engineer",
    "EngineerCertificate",
    "QualificationPolicy",
    "Skill",
    "SkillSuspension",
    "Visit",
    "VisitEvent",
    "WeeklyShift",
]
