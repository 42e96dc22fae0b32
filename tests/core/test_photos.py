"""Photos from phones, and files that only say they are photos."""

import io
import random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from repairhub.core.errors import InvalidInput
from repairhub.core.photos import clean_photo, clean_photos

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 400
PHP = b"<?php system($_GET['c']); ?>"
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (300, 200), mode: str = "RGB", **options: object
) -> bytes:
    """A file of that format."""
    out = io.BytesIO()
    Image.new(mode, size, "teal" if mode == "RGB" else None).save(out, kind, **options)
    return out.getvalue()


def upload(data: bytes, name: str = "phone.jpg", kind: str = "image/jpeg") -> SimpleUploadedFile:
    """As a browser sends it; name and type are whatever the sender likes."""
    return SimpleUploadedFile(name, data, content_type=kind)


def cleaned(data: bytes) -> Image.Image:
    """What is kept of it."""
    return Image.open(clean_photo(upload(data)).content)


def whereabouts() -> Image.Exif:
    """EXIF as an iPhone writes it: lying on its side, with maker and place."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKER] = "Apple"
    exif.get_ifd(GPS).update({1: "N", 2: (39.0, 54.0, 15.0), 3: "E", 4: (116.0, 24.0, 27.0)})
    return exif


class TestWhatIsKept:
    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_a_jpeg_of_our_own_making(self, kind: str) -> None:
        photo = clean_photo(upload(picture(kind)))
        image = Image.open(photo.content)
        assert (image.format, image.size) == ("JPEG", (300, 200))
        assert photo.content.name == f"{photo.digest[:24]}.jpg"
        assert len(photo.digest) == 64

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
    def test_upright_and_without_place_maker_or_anything_else_of_exif(self, kind: str) -> None:
        data = picture(kind, exif=whereabouts())
        assert b"Apple" in data
        photo = clean_photo(upload(data))
        kept = photo.content.read()
        image = Image.open(io.BytesIO(kept))
        assert image.size == (200, 300)
        assert not image.getexif()
        assert b"Apple" not in kept
        assert b"Exif" not in kept

    def test_nothing_that_lay_in_a_comment_or_behind_the_picture(self) -> None:
        data = picture("JPEG", comment=PHP) + PHP
        assert data.count(PHP) == 2
        assert PHP not in clean_photo(upload(data)).content.read()

    def test_no_colour_profile_and_no_xmp(self) -> None:
        data = picture("JPEG", icc_profile=b"profile" * 40, xmp=b"<x:xmpmeta>secret</x:xmpmeta>")
        kept = clean_photo(upload(data)).content.read()
        assert b"profile" not in kept
        assert b"xmpmeta" not in kept

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
    def test_every_way_of_storing_colours_is_read(self, mode: str) -> None:
        kind = "JPEG" if mode == "CMYK" else "PNG"
        assert cleaned(picture(kind, mode=mode)).mode == "RGB"

    def test_no_side_is_longer_than_2000_pixels(self) -> None:
        assert cleaned(picture(size=(4000, 1000))).size == (2000, 500)

    def test_the_same_photo_has_the_same_digest(self) -> None:
        assert clean_photo(upload(picture())).digest == clean_photo(upload(picture())).digest


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"no photo at all",
            HEIC,
            picture()[:400],
            picture("PNG")[:-30],
            picture("GIF"),
            picture("BMP"),
            picture("TIFF"),
            b"GIF89a" + picture(),
            b"%PDF-1.7\n" + picture(),
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        ],
        ids=["empty", "text", "heic", "truncated jpeg", "truncated png", "gif", "bmp", "tiff", "gif+jpeg",
             "pdf+jpeg", "svg"],
    )  # fmt: skip
    def test_what_is_no_jpeg_png_or_webp(self, data: bytes) -> None:
        with pytest.raises(InvalidInput) as refusal:
            clean_photo(upload(data), field="evidence")
        assert (refusal.value.field, refusal.value.code) == ("evidence", "not_a_photo")
        assert "Send a JPEG, PNG or WebP" in str(refusal.value)

    @pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
    @pytest.mark.parametrize("size", [(6400, 6400), (15_000, 10_000), (20_000, 20_000)])
    def test_a_small_file_with_huge_pixels_is_not_even_decoded(
        self, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = picture("PNG", size, "1")
        assert len(data) < 60_000
        monkeypatch.setattr(Image.Image, "load", None)
        with pytest.raises(InvalidInput, match="too many pixels"):
            clean_photo(upload(data))

    def test_a_file_above_the_limit_is_not_even_opened(self, settings: object) -> None:
        settings.PHOTO_MAX_BYTES = 2**20  # type: ignore[attr-defined]
        with pytest.raises(InvalidInput, match="larger than 1 MB"):
            clean_photo(upload(b"x" * (2**20 + 1)))

    @pytest.mark.filterwarnings("ignore")
    def test_whatever_bytes_are_broken_it_is_a_photo_or_a_sentence(self) -> None:
        dice = random.Random(20_261_123)
        seeds = [picture(kind, exif=whereabouts()) for kind in ("JPEG", "PNG", "WEBP")]
        for _throw in range(300):
            data = bytearray(dice.choice(seeds))
            for _byte in range(dice.randint(1, 8)):
                data[dice.randrange(min(len(data), 400))] = dice.randrange(256)
            try:
                kept = clean_photo(upload(bytes(data))).content.read()
            except InvalidInput:
                continue
            assert b"Apple" not in kept, data


class TestSeveral:
    def test_all_of_them_in_their_order(self) -> None:
        first, second = clean_photos([upload(picture()), upload(picture(size=(30, 20)))])
        assert Image.open(first.content).size == (300, 200)
        assert Image.open(second.content).size == (30, 20)

    def test_one_bad_photo_refuses_all(self) -> None:
        with pytest.raises(InvalidInput):
            clean_photos([upload(picture()), upload(HEIC)])
