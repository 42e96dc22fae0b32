"""Drawn pictures of a phone, where the example orders need a photo."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

SIZE = (900, 1200)
TABLE, BODY, GLASS, LINE = "#c9b79c", "#20262b", "#2f4858", "#dfe8ec"


def phone_photo(name: str, *, cracked: bool) -> SimpleUploadedFile:
    """A phone on a table, its glass whole or cracked, as a JPEG that somebody uploads."""
    picture = Image.new("RGB", SIZE, TABLE)
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((250, 140, 650, 1060), radius=60, fill=BODY)
    draw.rounded_rectangle((275, 170, 625, 1030), radius=40, fill=GLASS)
    draw.rounded_rectangle((390, 190, 510, 220), radius=15, fill=BODY)
    if cracked:
        for end in ((280, 380), (300, 700), (410, 1010), (600, 860), (620, 520), (520, 260)):
            draw.line((470, 560, (470 + end[0]) // 2 + 22, (560 + end[1]) // 2 - 18, *end), LINE, 4)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return SimpleUploadedFile(name, file.getvalue(), "image/jpeg")
