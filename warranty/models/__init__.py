from .claims import Claim, ClaimPhoto, Decision, Remedy
from .warranties import Warranty, WarrantyTerms

__all__ = ["Claim", "ClaimPhoto", "Decision", "Remedy", "Warranty", "WarrantyTerms"]
