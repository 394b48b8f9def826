"""Pictures handed in as files (PNG, JPEG, TIFF): each frame becomes a page of a PDF, its pixels kept as they
are.

The measures are read from the header before anything is unpacked. Metadata of the camera is not carried over.
The words are read by `files/recognition`.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pikepdf
from PIL import Image, ImageFile, ImageOps, ImageSequence, UnidentifiedImageError

from lightwell.base import errors

MEDIA_TYPES = ("image/png", "image/jpeg", "image/tiff")
_FORMATS = ("PNG", "JPEG", "TIFF")
MAX_PIXELS = 94_000_000
MAX_FRAMES = 2_000
# Without a resolution that can be true, a picture is set on a page of this length.
_LONG_INCHES = 11.0
_LEAST_DPI, _MOST_DPI = 60, 1_200
_POINTS_PER_INCH = 72


def write_pages(path: Path, target: Path, alive: Callable[[], None] | None = None) -> int:
    """Write every frame of a picture as one page of a PDF; how many there are.

    Raises `UserMistake` naming the frame that is too large or damaged.
    """
    # Our own limit, told in a sentence, stands in place of Pillow's.
    Image.MAX_IMAGE_PIXELS = None
    # WeasyPrint lets Pillow pass over what is missing; a page of which half is missing would be no page.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    made = pikepdf.new()
    frame_number = 1
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            frames = getattr(picture, "n_frames", 1)
            if frames > MAX_FRAMES:
                raise errors.UserMistake(f"the picture has {frames:,} pages; at most {MAX_FRAMES:,} are read")
            for frame_number, frame in enumerate(ImageSequence.Iterator(picture), 1):
                width, height = frame.size
                if width * height > MAX_PIXELS:
                    raise errors.UserMistake(
                        f"page {frame_number} measures {width:,} by {height:,} pixels; at most "
                        f"{MAX_PIXELS / 1e6:.0f} million are read; supply a smaller copy"
                    )
                _add_page(made, frame)
                if alive:
                    alive()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, zlib.error):
        raise errors.UserMistake(
            f"page {frame_number} of the picture cannot be read; supply a sound copy, or seal it as it is "
            "with the "
            "intent publish-unread"
        ) from None
    made.save(target, deterministic_id=True)
    return len(made.pages)


def _add_page(made: pikepdf.Pdf, frame: Image.Image) -> None:
    resolution = frame.info.get("dpi", (0, 0))
    dpi = float(resolution[0] or 0)
    turned = ImageOps.exif_transpose(frame) if frame.getexif().get(0x0112, 1) != 1 else frame
    if not _LEAST_DPI <= dpi <= _MOST_DPI:
        dpi = max(100.0, max(turned.size) / _LONG_INCHES)
    stream = _encode(made, turned)
    width, height = (side * _POINTS_PER_INCH / dpi for side in turned.size)
    page = made.add_blank_page(page_size=(max(3.0, width), max(3.0, height)))
    page.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream))
    page.obj.Contents = made.make_stream(f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /Im0 Do Q".encode())


def _encode(made: pikepdf.Pdf, frame: Image.Image) -> pikepdf.Stream:
    if frame.format == "JPEG" and frame.mode in ("L", "RGB"):
        out = io.BytesIO()
        # The same tables again, so that nothing is lost twice, and without what the camera wrote beside it.
        frame.save(out, "JPEG", quality="keep")
        stream = made.make_stream(out.getvalue())
        stream.Filter = pikepdf.Name.DCTDecode
        grey = frame.mode == "L"
    else:
        flat = _flatten(frame)
        grey = flat.mode == "L"
        stream = made.make_stream(zlib.compress(flat.tobytes(), 6))
        stream.Filter = pikepdf.Name.FlateDecode
    stream.Type, stream.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    stream.Width, stream.Height = frame.size
    stream.ColorSpace = pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB
    stream.BitsPerComponent = 8
    return stream


def _flatten(frame: Image.Image) -> Image.Image:
    """Put a picture on white, in grey where it has no colour."""
    if frame.mode in ("1", "L"):
        return frame.convert("L")
    if frame.mode.startswith("I;16") or frame.mode == "I":
        return frame.point(lambda value: value / 256).convert("L")
    if frame.mode in ("LA", "RGBA", "PA") or "transparency" in frame.info:
        with_alpha = frame.convert("RGBA")
        white = Image.new("RGBA", with_alpha.size, "white")
        return Image.alpha_composite(white, with_alpha).convert("RGB")
    return frame.convert("RGB")
