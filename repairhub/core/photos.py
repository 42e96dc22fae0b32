"""Uploaded photos: checked before they are decoded, turned upright, re-encoded without place and time."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from repairhub.core.errors import InvalidInput

FORMATS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 2000  # pixels kept
# for <input accept>: named like this, phones turn their own formats (HEIC) into one of these on sending
ACCEPTED = "image/jpeg,image/png,image/webp"


@dataclass(frozen=True)
class CleanPhoto:
    """A JPEG of our own making; `digest` is its SHA-256 in hex."""

    content: "ContentFile[bytes]"
    digest: str


def clean_photo(uploaded: "UploadedFile[Any]", *, field: str = "photo") -> CleanPhoto:
    """The photo as a fresh JPEG of at most 2,000 pixels a side: no EXIF, no place, no comment.

    Raises InvalidInput (naming `field`) for other formats (HEIC among them), broken files, files of more than
    settings.PHOTO_MAX_BYTES or more than settings.PHOTO_MAX_PIXELS; the pixels are counted before decoding.
    """
    if (uploaded.size or 0) > settings.PHOTO_MAX_BYTES:
        raise InvalidInput(
            _("The photo is larger than %(mb)d MB.") % {"mb": settings.PHOTO_MAX_BYTES // 2**20},
            field=field,
            code="too_large",
            next_step=_("Take it again with a smaller size."),
        )
    try:
        data = _fresh_jpeg(uploaded, field)
    except (InvalidInput, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(field) from error
    except Exception as error:
        # a file made to break a decoder raises whatever it likes; each of that means the same to people
        raise InvalidInput(
            _("This file is not a photo that we can read."),
            field=field,
            code="not_a_photo",
            next_step=_("Send a JPEG, PNG or WebP; on an iPhone choose “Most compatible” for the camera."),
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    return CleanPhoto(ContentFile(data, name=f"{digest[:24]}.jpg"), digest)


def clean_photos(uploaded: Sequence["UploadedFile[Any]"], *, field: str = "photo") -> list[CleanPhoto]:
    """Each of them by `clean_photo`: all, or the first refusal before anything is stored."""
    return [clean_photo(photo, field=field) for photo in uploaded]


def _fresh_jpeg(uploaded: "UploadedFile[Any]", field: str) -> bytes:
    with Image.open(uploaded, formats=FORMATS) as image:
        if image.width * image.height > settings.PHOTO_MAX_PIXELS:
            raise _too_many_pixels(field)
        # first smaller, then upright: a JPEG is decoded at a fraction of its size then, and so of its memory
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        plain = ImageOps.exif_transpose(image).convert("RGB")
    plain.info.clear()  # the encoder would carry the comment over, and anything may lie in it
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=85)
    return out.getvalue()


def _too_many_pixels(field: str) -> InvalidInput:
    return InvalidInput(
        _("The photo has too many pixels."),
        field=field,
        code="too_many_pixels",
        next_step=_("Take it again with a smaller size."),
    )
