"""What somebody sends becomes the files of a picture, or is refused with a line that says why."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from app.pictures import making
from app.pictures.making import Broken, Moving, NoPicture, TooHeavy, TooManyDots, TooSmall, made
from app.refusals import Refusal
from app.text import pictures

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")


def image(
    width: int = 40, height: int = 30, kind: str = "PNG", mode: str = "RGB", colour: Any = None, **how: Any
) -> bytes:
    """A file of this kind; its left half is red and its right half blue, if no colour is said."""
    picture = Image.new(mode, (width, height), "red" if colour is None else colour)
    if colour is None:
        picture.paste("blue", (width // 2, 0, width, height))
    out = BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def opened(made: making.Made, name: str = "") -> Image.Image:
    return Image.open(BytesIO(made.files[name or f"{made.width}x{made.height}.jpg"]))


def dot(picture: Image.Image, x: int, y: int) -> str:
    red, green, blue = picture.convert("RGB").getpixel((x, y))  # type: ignore[misc]
    return (
        "white" if min(red, green, blue) > 200 else "red" if red > 150 > blue else "blue" if blue > 150 > red else "?"
    )


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is this large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_a_picture_becomes_three_kinds_of_file_whose_names_say_their_sizes(kind: str) -> None:
    got = made(image(700, 350, kind), "picture")
    assert (got.width, got.height) == (700, 350)
    assert set(got.files) == {f"{size}.{end}" for size in ("600x300", "700x350") for end in ("avif", "webp", "jpg")}
    for name, content in got.files.items():
        file = Image.open(BytesIO(content))
        assert f"{file.width}x{file.height}" == name.split(".")[0]
        assert file.format == {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG"}[name.split(".")[1]]
        assert (dot(file, 20, 100), dot(file, file.width - 20, 100)) == ("red", "blue")


@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_no_size_is_larger_than_the_original_and_the_largest_is_the_last(width: int, height: int) -> None:
    largest = pictures.largest(width, height)
    sizes = pictures.ladder(*largest)
    assert sizes[-1] == largest
    assert len(sizes) <= 3
    assert [one for one, _ in sizes] == sorted({one for one, _ in sizes})
    assert all(w <= min(width, 1800) and h <= max(1, min(height, 16_000)) for w, h in sizes)
    if width <= 1800 and height <= 16_000:
        assert largest == (width, height)


def test_a_wide_picture_is_kept_three_columns_wide_and_a_long_one_fits_webp() -> None:
    assert [name for name in made(image(1900, 20), "picture").files if name.endswith("jpg")] == [
        "600x6.jpg", "1200x13.jpg", "1800x19.jpg",
    ]  # fmt: skip
    long = made(image(2, 20_000), "picture")
    assert (long.width, long.height) == (2, 16_000)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_the_camera_says_of_up_and_down_is_applied(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    got = opened(made(image(64, 32, kind, exif=exif), "picture"))
    assert got.size == ((64, 32) if orientation < 5 else (32, 64))
    corners = [(2, 2), (got.width - 3, 2), (2, got.height - 3), (got.width - 3, got.height - 3)]
    expected = {
        1: "red blue red blue", 2: "blue red blue red", 3: "blue red blue red", 4: "red blue red blue",
        5: "red red blue blue", 6: "red red blue blue", 7: "blue blue red red", 8: "blue blue red red",
    }[orientation]  # fmt: skip
    assert [dot(got, *corner) for corner in corners] == expected.split()


def test_what_a_camera_or_an_editor_wrote_into_the_file_leaves_with_it() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"  # where it was
    exif.get_ifd(0x8825)[2] = (55.0, 45.0, 7.0)
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "SECRETAUTHOR")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = [
        image(64, 32, "JPEG", exif=exif, comment=b"SECRETCOMMENT", xmp=b"<x:SECRETXMP/>", icc_profile=profile),
        image(64, 32, "PNG", exif=exif, pnginfo=text, icc_profile=profile),
        image(64, 32, "WEBP", exif=exif, xmp=b"<x:SECRETXMP/>", icc_profile=profile),
        image(64, 32, "AVIF", exif=exif, xmp=b"<x:SECRETXMP/>", icc_profile=profile),
    ]
    for file in files:
        assert b"SECRET" in file
        for name, content in made(file, "picture").files.items():
            assert b"SECRET" not in content, name
            info = Image.open(BytesIO(content))
            assert not dict(info.getexif()), name
            assert not {"exif", "xmp", "comment", "icc_profile"} & set(info.info), name


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [
        ("1", 1, "PNG"), ("L", 255, "PNG"), ("LA", (255, 255), "PNG"), ("P", 0, "GIF"), ("RGBA", (0, 0, 0, 0), "PNG"),
        ("RGBA", (0, 0, 0, 0), "WEBP"), ("RGBA", (0, 0, 0, 0), "AVIF"), ("I;16", 65535, "PNG"),
        ("CMYK", (0, 0, 0, 0), "JPEG"),
    ],
)  # fmt: skip
def test_every_mode_of_colours_is_taken_and_what_is_transparent_becomes_white(
    mode: str, colour: Any, kind: str
) -> None:
    how = {"transparency": 0} if mode == "P" else {}
    got = opened(made(image(64, 32, kind, mode, colour, **how), "picture"))
    assert got.mode == "RGB"
    assert dot(got, 10, 10) == "white"


def test_sixteen_bits_of_grey_stay_grey() -> None:
    got = opened(made(image(64, 32, "PNG", "I;16", 32768), "picture"))
    assert abs(got.convert("L").getpixel((10, 10)) - 128) <= 2  # type: ignore[operator]


def test_colours_of_another_profile_are_those_that_every_screen_has() -> None:
    # In this profile what is called red is blue.
    turned = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {tag: turned.index(tag) for tag in (b"rXYZ", b"bXYZ")}
    red, blue = (turned[i + 4 : i + 12] for i in (at[b"rXYZ"], at[b"bXYZ"]))
    turned[at[b"rXYZ"] + 4 : at[b"rXYZ"] + 12], turned[at[b"bXYZ"] + 4 : at[b"bXYZ"] + 12] = blue, red
    got = opened(made(image(64, 32, "PNG", colour="red", icc_profile=bytes(turned)), "picture"))
    assert dot(got, 10, 10) == "blue"
    broken = opened(made(image(64, 32, "PNG", colour="red", icc_profile=b"no profile"), "picture"))
    assert dot(broken, 10, 10) == "red"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_moves_is_refused(kind: str) -> None:
    more = [Image.new("RGB", (40, 30), "green")]
    with pytest.raises(Moving):
        made(image(kind=kind, save_all=True, append_images=more, duration=100), "picture")


def test_a_camera_that_puts_two_pictures_into_one_jpeg_gives_the_first() -> None:
    both = image(64, 32, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32), "green")])
    assert Image.open(BytesIO(both)).n_frames == 2  # type: ignore[attr-defined]
    assert dot(opened(made(both, "picture")), 5, 5) == "red"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"hello", SVG, b"\xef\xbb\xbf" + SVG, b"%PDF-1.7 ...", b"<html><body>no</body></html>", b"PK\x03\x04zip",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", image(kind="BMP"), image(kind="TIFF"), image(kind="ICO"),
        b"RIFF\x24\0\0\0WAVEfmt ", b"GIF", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_whatever_it_is_called(data: bytes) -> None:
    with pytest.raises(NoPicture):
        made(data, "picture")


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_which_only_a_part_came_is_refused(kind: str) -> None:
    noise = Image.effect_noise((200, 200), 90).convert("RGB")
    out = BytesIO()
    noise.save(out, kind)
    whole = out.getvalue()
    for part in (30, len(whole) // 3, len(whole) * 9 // 10):
        with pytest.raises(Broken):
            made(whole[:part], "picture")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest hears what the house does not
def test_a_bomb_is_refused_by_what_its_head_says() -> None:
    for size in ((50_001, 1_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1), (60_000_000, 1)):
        with pytest.raises(TooManyDots):
            made(png_that_says(*size), "picture")
    with pytest.raises(Broken):  # so many are allowed, and it has none of them
        made(png_that_says(50_000, 1_000), "picture")


def test_a_gif_whose_frame_is_larger_than_it_says_is_a_bomb_too() -> None:
    small = bytearray(image(1, 1, "GIF"))
    at = small.index(b"\x2c")
    small[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(TooManyDots):
        made(bytes(small), "picture")


def test_text_that_unfolds_to_gigabytes_is_refused() -> None:
    folded = zlib.compress(b"\0" * 100_000_000)
    data = b"Comment\0\0" + folded
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    whole = image()
    with pytest.raises(Broken):
        made(whole[:33] + chunk + whole[33:], "picture")


def test_a_file_that_is_too_heavy_is_not_even_opened() -> None:
    with pytest.raises(TooHeavy):
        made(b"\xff\xd8\xff" + bytes(making.LARGEST_FILE), "picture")


@settings(max_examples=60)
@given(st.sampled_from(FORMATS), st.data())
def test_whatever_bytes_come_there_is_a_picture_or_a_refusal(kind: str, data: st.DataObject) -> None:
    whole = bytearray(image(16, 12, kind))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = made(bytes(whole), "picture")
    except Refusal:
        return
    assert got.files


def test_the_columns_own_picture_is_its_middle_square_and_keeps_what_is_transparent() -> None:
    got = made(image(400, 200, "PNG", "RGBA", (0, 0, 0, 0)), "icon")
    assert {name: Image.open(BytesIO(content)).size for name, content in got.files.items()} == {
        "64x64.png": (64, 64), "180x180.png": (180, 180),
    }  # fmt: skip
    assert opened(got, "64x64.png").convert("RGBA").getpixel((5, 5)) == (0, 0, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = opened(made(image(200, 200, "JPEG", exif=exif), "icon"), "64x64.png")
    assert (dot(turned, 30, 5), dot(turned, 30, 60)) == ("red", "blue")
    with pytest.raises(TooSmall):
        made(image(400, 179), "icon")
