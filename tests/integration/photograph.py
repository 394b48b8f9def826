"""The documented distortion that makes a photograph of a page: what a telephone in a hurry does to paper.

A page is drawn at 150 dots an inch in grey, laid on a dark table, and then, in this order, by seeded dice:

1. tilted by 0.7 to 2 degrees, either way;
2. seen from aside: each corner moves inwards by up to 2.5 per cent of the width (a perspective transform);
3. lit unevenly: the light falls off by 25 to 45 per cent from one edge to the opposite one;
4. blurred (Gaussian, 0.6 to 0.9 pixels);
5. grained (Gaussian noise with a standard deviation of 6 of 255);
6. kept as JPEG of quality 35.

`make_photograph(..., part=(0.0, 0.55))` shows the upper 55 per cent of the page only.
"""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy
import pypdfium2
from PIL import Image, ImageFilter

DPI, TABLE, MARGIN = 150, 70, 60
TILT_DEGREES, CORNER, FALL, BLUR, GRAIN, QUALITY = (0.7, 2.0), 0.025, (0.25, 0.45), (0.6, 0.9), 6.0, 35


def make_photograph(path: Path, number: int, seed: int, part: tuple[float, float] = (0.0, 1.0)) -> bytes:
    """Photograph a page of a PDF, or the part of it between two heights (0 top, 1 bottom); a JPEG."""
    dice = random.Random(seed)
    picture = draw_page(path, number)
    top, bottom = (round(picture.height * each) for each in part)
    paper = picture.crop((0, top, picture.width, bottom))
    scene = Image.new("L", (paper.width + 2 * MARGIN, paper.height + 2 * MARGIN), TABLE)
    scene.paste(paper, (MARGIN, MARGIN))
    scene = tilt(scene, dice)
    scene = see_from_aside(scene, dice)
    scene = light_unevenly(scene, dice)
    scene = scene.filter(ImageFilter.GaussianBlur(dice.uniform(*BLUR)))
    scene = add_grain(scene, seed)
    out = io.BytesIO()
    scene.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def draw_page(path: Path, number: int) -> Image.Image:
    document = pypdfium2.PdfDocument(path)
    try:
        return document[number - 1].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
    finally:
        document.close()


def tilt(scene: Image.Image, dice: random.Random) -> Image.Image:
    degrees = dice.uniform(*TILT_DEGREES) * dice.choice((-1, 1))
    return scene.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=TABLE)


def see_from_aside(scene: Image.Image, dice: random.Random) -> Image.Image:
    width, height = scene.size
    most = CORNER * width
    corners = [(0, 0), (width, 0), (width, height), (0, height)]
    seen = [
        (x + dice.uniform(0, most) * (1 if x == 0 else -1), y + dice.uniform(0, most) * (1 if y == 0 else -1))
        for x, y in corners
    ]
    coefficients = find_perspective(seen, corners)
    method = Image.Transform.PERSPECTIVE
    return scene.transform(scene.size, method, coefficients, Image.Resampling.BICUBIC, fillcolor=TABLE)


def find_perspective(seen: list[tuple[float, float]], source: list[tuple[int, int]]) -> list[float]:
    """Solve for the eight numbers by which Pillow finds the source of a point that is seen."""
    rows, values = [], []
    for (x, y), (u, v) in zip(seen, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return list(numpy.linalg.solve(numpy.array(rows, float), numpy.array(values, float)))


def light_unevenly(scene: Image.Image, dice: random.Random) -> Image.Image:
    pixels = numpy.asarray(scene, float)
    ramp = numpy.linspace(1.0, 1.0 - dice.uniform(*FALL), pixels.shape[dice.randrange(2)])
    light = ramp[:, None] if len(ramp) == pixels.shape[0] else ramp[None, :]
    return Image.fromarray((pixels * light).astype(numpy.uint8))


def add_grain(scene: Image.Image, seed: int) -> Image.Image:
    pixels = numpy.asarray(scene, float)
    noisy = pixels + numpy.random.default_rng(seed).normal(0, GRAIN, pixels.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(numpy.uint8))
