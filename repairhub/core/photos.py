"""Uploaded photos: checked before they are decoded, turned upright, re-encoded without place and time."""

import hashlib
import io
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from repairhub.core.errors import InvalidInput

FORMATS = ["JPEG", "PNG", "WEBP"]
LONGEST_SIDE = 2000  # pixels kept


@dataclass(frozen=True)
class CleanPhoto:
    """A JPEG of our own making; `digest` is its SHA-256 in hex."""

    content: ContentFile
    digest: str


def clean_photo(uploaded: UploadedFile, *, field: str = "photo") -> CleanPhoto:
    """The photo as a fresh JPEG of at most 2,000 pixels a side: no EXIF, no GPS, nothing hidden behind it.

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
        with Image.open(uploaded, formats=FORMATS) as image:
            width, height = image.size
            if width * height > settings.PHOTO_MAX_PIXELS:
                raise InvalidInput(
                    _("The photo has too many pixels."),
                    field=field,
                    code="too_many_pixels",
                    next_step=_("Take it again with a smaller size."),
                )
            image.load()
            upright = ImageOps.exif_transpose(image) or image
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=85)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(
            _("This file is not a photo that we can read."),
            field=field,
            code="not_a_photo",
            next_step=_("Send a JPEG, PNG or WebP; on an iPhone choose “Most compatible” for the camera."),
        ) from error
    data = out.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    return CleanPhoto(ContentFile(data, name=f"{digest[:24]}.jpg"), digest)
