"""Changes a picture by the words of a prompt, and paints one from words alone. Pillow, no models.

The point is that a person sees that their rule works, not that it is art.
"""

import hashlib
import textwrap
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

#: Larger pictures are made smaller first: effects take seconds beyond this.
LONG_EDGE = 1280

Effect = Callable[[Image.Image], Image.Image]


def oil(picture: Image.Image) -> Image.Image:
    """Paint in small dabs of one colour, with the ridges that a brush leaves lit from a side."""
    width, height = picture.size
    dabs = picture.effect_spread(max(width // 110, 2)).filter(ImageFilter.ModeFilter(7))
    # coarse noise, stretched along the brush's way
    bristles = Image.effect_noise((max(width // 16, 1), max(height // 4, 1)), 90).resize(picture.size)
    ridges = Image.blend(ImageOps.grayscale(dabs), bristles, 0.6).filter(ImageFilter.EMBOSS)
    lit = ImageChops.overlay(dabs, Image.merge("RGB", (ImageEnhance.Contrast(ridges).enhance(2),) * 3))
    return ImageEnhance.Color(lit).enhance(1.3)


def sketch(picture: Image.Image) -> Image.Image:
    """Draw the outlines in pencil on white."""
    grey = ImageOps.grayscale(picture)
    lines = ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(4)))
    return ImageOps.invert(ImageOps.autocontrast(lines, cutoff=1)).convert("RGB")


def sepia(picture: Image.Image) -> Image.Image:
    """Tone like an old photograph."""
    return ImageOps.colorize(ImageOps.grayscale(picture), black="#24140a", white="#f7e8c9", mid="#9b7448")


def black_and_white(picture: Image.Image) -> Image.Image:
    """Take the colour out."""
    return ImageOps.autocontrast(ImageOps.grayscale(picture), cutoff=1).convert("RGB")


def watercolour(picture: Image.Image) -> Image.Image:
    """Let colours run into each other and pale, on bright paper."""
    washed = picture.filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.GaussianBlur(2))
    pale = Image.blend(washed, Image.new("RGB", picture.size, "#fffaf0"), 0.25)
    return ImageEnhance.Color(pale).enhance(1.4)


def cartoon(picture: Image.Image) -> Image.Image:
    """Few flat colours with dark outlines."""
    flat = ImageOps.posterize(picture.filter(ImageFilter.MedianFilter(5)), 2)
    edges = ImageOps.grayscale(picture).filter(ImageFilter.GaussianBlur(1)).filter(ImageFilter.FIND_EDGES)
    ink = edges.point([0 if level > 40 else 255 for level in range(256)])
    return ImageChops.multiply(ImageEnhance.Color(flat).enhance(1.4), ink.convert("RGB"))


def upscale(picture: Image.Image) -> Image.Image:
    """Twice as wide and high, and sharper."""
    large = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
    return large.filter(ImageFilter.UnsharpMask(2, 80))


def pixels(picture: Image.Image) -> Image.Image:
    """Large square pixels of few colours."""
    small = picture.resize((max(picture.width // 12, 1), max(picture.height // 12, 1)))
    return small.quantize(24).convert("RGB").resize(picture.size, Image.Resampling.NEAREST)


def night(picture: Image.Image) -> Image.Image:
    """Dark and blue."""
    return ImageChops.multiply(picture, Image.new("RGB", picture.size, "#4a5fa8"))


def mild(picture: Image.Image) -> Image.Image:
    """Warmer and darker at the rim: what a prompt of unknown words gives, mild but visible."""
    warm = ImageChops.multiply(ImageEnhance.Color(picture).enhance(1.3), Image.new("RGB", picture.size, "#fff1d6"))
    rim = Image.radial_gradient("L").point([255 - level // 2 for level in range(256)]).resize(picture.size)
    return ImageChops.multiply(warm, rim.convert("RGB"))


#: Words of a prompt (parts of words count), and what they do; the first that fits wins.
EFFECTS: tuple[tuple[tuple[str, ...], Effect], ...] = (
    (("watercolor", "watercolour", "aquarelle", "blur"), watercolour),
    (("oil", "impasto", "van gogh", "painting"), oil),
    (("sketch", "pencil", "line art", "drawing", "charcoal"), sketch),
    (("sepia", "vintage", "old photo"), sepia),
    (("black and white", "black-and-white", "monochrome", "grayscale", "greyscale", "b&w"), black_and_white),
    (("cartoon", "comic", "poster", "anime", "pop art"), cartoon),
    (("pixel", "8-bit", "8 bit"), pixels),
    (("invert", "negative"), ImageOps.invert),
    (("upscale", "enlarge", "super resolution", "higher resolution"), upscale),
    (("night", "moonlight"), night),
)


def effect_for(words: str) -> Effect:
    """Give the effect that a prompt asks for, or the mild one."""
    lowered = words.lower()
    for names, effect in EFFECTS:
        if any(name in lowered for name in names):
            return effect
    return mild


def prepared(picture: Image.Image, ratio: str | None = None) -> Image.Image:
    """Turn as its camera says, drop transparency on white, limit the size, cut to `ratio` (such as "16:9")."""
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((LONG_EDGE, LONG_EDGE))
    solid = Image.new("RGB", upright.size, "white")
    layered = upright.convert("RGBA")
    solid.paste(layered, mask=layered.getchannel("A"))
    if not ratio:
        return solid
    wide, high = (int(part) for part in ratio.split(":"))
    width = max(min(solid.width, solid.height * wide // high), 1)
    return ImageOps.fit(solid, (width, max(width * high // wide, 1)))


def painted(words: str, number: int = 0, size: tuple[int, int] = (1024, 768)) -> Image.Image:
    """Give a gradient in colours that follow from the words, with the words written on it."""
    digest = hashlib.sha256(f"{number}:{words}".encode("utf-8", "replace")).digest()
    top, bottom = (tuple(60 + byte // 2 for byte in digest[start : start + 3]) for start in (0, 3))
    mask = Image.linear_gradient("L").rotate(digest[6] % 4 * 90).resize(size)
    picture = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)
    _write(picture, words[:400] or "(no prompt)")
    return picture


def _write(picture: Image.Image, words: str) -> None:
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(picture.width // 24, 10))
    text = "\n".join(textwrap.wrap(words, 34))
    middle = (picture.width / 2, picture.height / 2)
    draw.multiline_text(
        middle, text, font=font, fill="white", anchor="mm", align="center", stroke_width=1, stroke_fill="#303030"
    )
