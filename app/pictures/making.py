"""What somebody sent -> the files of a picture: three widths, each as AVIF, WebP and JPEG. It knows no database.

What a file is, its bytes say; its name and the type that came with it are not asked. The original is not kept: what
cameras write into it (where, when, with what) leaves with it.
"""

import logging
import warnings
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any, Literal

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ..refusals import Refusal
from ..text import pictures

Kind = Literal["picture", "icon"]
MOST_DOTS = 50_000_000
LARGEST_FILE = 32 * 1024 * 1024
"""Bytes; a photograph with 50 megapixels has less."""
ICON_SIDES = (64, 180)
"""The column's own picture: in the head of a page and the tab of a browser; on the screen of a phone and in feeds."""

SAVED: dict[str, dict[str, Any]] = {
    "avif": {"format": "AVIF", "quality": 60, "speed": 6},
    "webp": {"format": "WEBP", "quality": 78, "method": 4},
    "jpg": {"format": "JPEG", "quality": 80, "optimize": True, "progressive": True},
}
_TURNS = dict(
    zip(
        range(2, 9),
        ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"),
        strict=True,
    )
)
"""The orientation of EXIF, and what puts it right."""
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"\0\0\0")

log = logging.getLogger(__name__)
_one_at_a_time = Lock()
"""50 megapixels took up to 450 MB for some seconds (measured); threads of one process share what it may have."""
# Pillow refuses twice this number by itself, also where a file says one size first and another one later.
Image.MAX_IMAGE_PIXELS = MOST_DOTS // 2
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class NoPicture(Refusal):
    """This is no picture that can be taken. Please send it as JPEG, PNG, WebP, AVIF or GIF."""


class TooHeavy(Refusal):
    """This file has more than 32 megabytes. Please make it smaller and send it again."""


class TooManyDots(Refusal):
    """This picture has more than 50 megapixels. Please make it smaller and send it again."""


class Moving(Refusal):
    """This picture moves, and a letter stands still. Please choose one frame of it."""


class Broken(Refusal):
    """This picture is broken, or only a part of it came. Please send it again."""


class TooSmall(Refusal):
    """The picture of the column needs 180 dots on each side."""


@dataclass(frozen=True)
class Made:
    """A picture, ready to be kept: its largest size, and {name: bytes} of its files."""

    width: int
    height: int
    files: dict[str, bytes]


def made(data: bytes, kind: Kind) -> Made:
    """The files of a picture for texts, or of the column's own one: the middle square of what was sent.

    Raises NoPicture, TooHeavy, TooManyDots, Moving, Broken, and TooSmall for an icon.
    """
    if len(data) > LARGEST_FILE:
        raise TooHeavy
    try:
        image = Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP", "AVIF", "GIF"))
        if image.width * image.height > MOST_DOTS:
            raise TooManyDots
        if getattr(image, "is_animated", False) and image.format != "MPO":  # several pictures in a camera's JPEG
            raise Moving
        with _one_at_a_time:
            return _icon(image) if kind == "icon" else _picture(image)
    except Refusal:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise TooManyDots from error
    except UnidentifiedImageError as error:
        if _begins_as_one(data):
            raise Broken from error
        raise NoPicture from error
    except Exception as error:  # a stranger's bytes in somebody else's decoders: it may be anything
        log.info("a picture could not be read: %r", error)
        raise Broken from error


def _begins_as_one(data: bytes) -> bool:
    if data[:4] == b"RIFF":
        return data[8:12] == b"WEBP"
    if data[:3] == b"\0\0\0":
        return data[4:12] in (b"ftypavif", b"ftypavis")
    return data.startswith(_BEGINNINGS)


def _picture(image: Image.Image) -> Made:
    turn = _turn(image)
    around = turn in ("TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90")
    width, height = pictures.largest(*(image.size[::-1] if around else image.size))
    kept = (height, width) if around else (width, height)
    image.draft(None, kept)  # a JPEG is read at about this size, with less memory
    small = _shown(image).resize(kept, Image.Resampling.LANCZOS, reducing_gap=3)
    flat = _in_srgb(_flat(small), image.info.get("icc_profile"))
    flat.info = {}  # or comments and XMP would be saved, too
    if turn:
        flat = flat.transpose(Image.Transpose[turn])
    files = {}
    for size in pictures.ladder(width, height):
        one = flat if size == flat.size else flat.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
        for kind, how in SAVED.items():
            files[f"{size[0]}x{size[1]}.{kind}"] = _saved(one, how)
    return Made(width, height, files)


def _icon(image: Image.Image) -> Made:
    if min(image.size) < ICON_SIDES[-1]:
        raise TooSmall
    turn = _turn(image)
    shown = _shown(image).convert("RGBA")
    files = {}
    for side in ICON_SIDES:
        one = ImageOps.fit(shown, (side, side))
        one.info = {}
        if turn:
            one = one.transpose(Image.Transpose[turn])
        files[f"{side}x{side}.png"] = _saved(one, {"format": "PNG", "optimize": True})
    return Made(ICON_SIDES[-1], ICON_SIDES[-1], files)


def _saved(image: Image.Image, how: dict[str, Any]) -> bytes:
    out = BytesIO()
    image.save(out, **how)
    return out.getvalue()


def _turn(image: Image.Image) -> str | None:
    try:
        return _TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # EXIF that nobody can read says nothing
        return None


def _shown(image: Image.Image) -> Image.Image:
    """The picture in a mode whose dots can be mixed."""
    image.load()
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.convert("I").point(lambda dot: dot * (1 / 256)).convert("L")
    if image.mode in ("P", "PA", "LA", "La", "RGBa") or "transparency" in image.info:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "RGBA", "CMYK") else image.convert("RGB")


def _flat(image: Image.Image) -> Image.Image:
    """What is transparent becomes white: black on nothing could not be seen on a dark page."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as every screen has them, since the profile leaves with the rest."""
    if profile:
        try:
            known = ImageCms.ImageCmsProfile(BytesIO(profile))
            mixed = ImageCms.profileToProfile(image, known, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            log.info("a picture's colour profile could not be read")
        else:
            if mixed is not None:
                return mixed
    return image.convert("RGB")
