"""Photos are never served as files: a view checks the reader, then hands the picture out by this one door."""

from django.db.models.fields.files import FieldFile
from django.http import Http404, HttpResponse


def photo_response(image: FieldFile) -> HttpResponse:
    """The picture (re-encoded, a megabyte or so), for this reader alone. Http404 where the file is gone."""
    try:
        with image.open("rb") as picture:
            response = HttpResponse(picture.read(), content_type="image/jpeg")
    except OSError as error:
        raise Http404 from error
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
