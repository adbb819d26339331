"""Draws the sample pictures and prompts that `hotfolder demo` drops; the same ones each time."""

import math
import os
import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

SIZE = (960, 640)

#: File name and text of each sample prompt.
PROMPTS = {
    "harbour.txt": "A small fishing harbour at dawn, soft mist, wooden boats",
    "library.txt": "A library in a hollow tree, warm light, moss on the shelves",
}


def _sky(top: str, bottom: str) -> Image.Image:
    mask = Image.linear_gradient("L").resize(SIZE)
    return Image.composite(Image.new("RGB", SIZE, bottom), Image.new("RGB", SIZE, top), mask)


def _ridge(draw: ImageDraw.ImageDraw, height: float, swing: float, waves: float, colour: str) -> None:
    points = [
        (x, height + swing * math.sin(x / SIZE[0] * waves) + swing / 3 * math.sin(x / SIZE[0] * waves * 2.7))
        for x in range(0, SIZE[0] + 10, 10)
    ]
    draw.polygon([*points, (SIZE[0], SIZE[1]), (0, SIZE[1])], fill=colour)


def landscape() -> Image.Image:
    """Paint hills under a low sun."""
    picture = _sky("#5b8fd6", "#ffd9a0")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((620, 190, 740, 310), fill="#fff3c4")
    _ridge(draw, 360, 50, 5, "#7d8fb3")
    _ridge(draw, 430, 40, 8, "#5d7f6b")
    _ridge(draw, 520, 30, 11, "#3d5f3f")
    return picture


def still_life() -> Image.Image:
    """Paint three fruits and a bottle on a table."""
    picture = _sky("#6b5a4a", "#3b2f28")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 430, 960, 640), fill="#8a5a34")
    draw.rounded_rectangle((600, 150, 700, 470), 30, fill="#2f5d48")
    draw.rectangle((632, 80, 668, 170), fill="#2f5d48")
    for left, top, size, colour in (
        (180, 330, 170, "#c8372d"),
        (330, 360, 150, "#e0a526"),
        (450, 380, 120, "#7fa33a"),
    ):
        draw.ellipse((left, top, left + size, top + size), fill=colour)
        shine = size // 5
        draw.ellipse((left + shine, top + shine, left + 2 * shine, top + 2 * shine), fill="#f6e7c8")
    return picture.filter(ImageFilter.SMOOTH)


def portrait() -> Image.Image:
    """Paint a face with dark hair and a red scarf."""
    picture = _sky("#b9d3d9", "#e8e0cf")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((320, 60, 640, 470), fill="#3a2a22")
    draw.ellipse((220, 470, 740, 900), fill="#b03a3a")
    draw.rectangle((430, 400, 530, 520), fill="#d9a583")
    draw.ellipse((355, 120, 605, 450), fill="#e8b996")
    for left in (415, 515):
        draw.ellipse((left, 250, left + 36, 272), fill="white")
        draw.ellipse((left + 10, 250, left + 30, 272), fill="#2d3b45")
    draw.polygon(((480, 275), (465, 335), (495, 335)), fill="#d29c78")
    draw.arc((430, 330, 530, 400), 20, 160, fill="#a34848", width=7)
    return picture.filter(ImageFilter.SMOOTH)


def sea() -> Image.Image:
    """Paint a sail on a calm sea."""
    picture = _sky("#8fc7e8", "#eaf6fb")
    draw = ImageDraw.Draw(picture)
    for row in range(12):
        _ridge(draw, 340 + row * 26, 5, 20 + row * 3, f"#{30 + row * 2:02x}{110 - row * 4:02x}{150 - row * 5:02x}")
    draw.polygon(((470, 130), (470, 370), (330, 370)), fill="#fdfaf0")
    draw.polygon(((485, 170), (485, 370), (580, 370)), fill="#f2e3c6")
    draw.polygon(((320, 385), (600, 385), (560, 425), (360, 425)), fill="#7a3b2e")
    return picture


def city() -> Image.Image:
    """Paint lit windows at dusk."""
    picture = _sky("#1f2a56", "#e58f65")
    draw = ImageDraw.Draw(picture)
    numbers = random.Random(5)  # noqa: S311  (the same windows each time)
    for left in range(0, 960, 96):
        top = numbers.randint(180, 420)
        draw.rectangle((left, top, left + 88, 640), fill="#1a1f33")
        for x in range(left + 10, left + 78, 18):
            for y in range(top + 14, 620, 26):
                lit = numbers.random() < 0.45
                draw.rectangle((x, y, x + 9, y + 14), fill="#ffd873" if lit else "#2b3350")
    return picture


def meadow() -> Image.Image:
    """Paint flowers in the grass, with a tree."""
    picture = _sky("#a8d8f0", "#f4f9dc")
    draw = ImageDraw.Draw(picture)
    _ridge(draw, 400, 25, 6, "#7fb05a")
    draw.rectangle((690, 260, 725, 450), fill="#6b4a32")
    for x, y in ((620, 150), (680, 110), (730, 170), (660, 200)):
        draw.ellipse((x - 40, y - 40, x + 100, y + 90), fill="#4f8a3d")
    numbers = random.Random(9)  # noqa: S311  (the same flowers each time)
    for _ in range(160):
        x, y = numbers.randint(0, 950), numbers.randint(440, 630)
        colour = numbers.choice(("#f4d03f", "#e74c6f", "#ffffff", "#9b59b6"))
        draw.ellipse((x, y, x + 10, y + 10), fill=colour)
    return picture


#: File name and painter of each sample picture.
PICTURES: dict[str, Callable[[], Image.Image]] = {
    "landscape.jpg": landscape,
    "still life.jpg": still_life,
    "portrait.png": portrait,
    "sea.webp": sea,
    "city at dusk.jpg": city,
    "meadow.png": meadow,
}


def write_samples(directory: str) -> list[str]:
    """Write every sample picture into `directory` (there already) and give their paths; raises OSError."""
    paths = []
    for name, paint in PICTURES.items():
        path = os.path.join(directory, name)
        paint().save(path, quality=90)
        paths.append(path)
    return paths


def write_prompts(directory: str) -> list[str]:
    """Write every sample prompt as a text file into `directory` and give their paths; raises OSError."""
    paths = []
    for name, text in PROMPTS.items():
        path = os.path.join(directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        paths.append(path)
    return paths
