"""A batch of pictures altered as tensors: what the encoder must see through.

In: uint8 (B, S, S, 3). Out: altered views and the clean ones they came from, float32 in 0..255
with the same geometry. No loop over pictures, no work in Python.
"""

import math
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Augmentation:
    """How pictures are altered.

    Attributes:
        least_area: Smallest share of the picture's area that a crop keeps.
        aspect: Largest change of a crop's aspect ratio, as a natural logarithm.
        rotation: Largest turn, in degrees, of the second and third quarter of the rows; so one of
            the two views of a picture is turned, against the other.
        mirror: Whether half of the pictures are mirrored.
        colour: Largest relative change of brightness, contrast and saturation.
        hue: Largest turn of the hue, as a share of the circle.
        grey: Share of the pictures that lose their colours.
        noise: Largest standard deviation of noise, in units of 0..255; uniform, as normal noise
            takes three times as long.
        least_resolution: Views are shrunk to at least this share of their side and brought back.
            Without, half-size copies were lost after long training (found .43).
        writing: Whether strokes like those of a line of text are put over views.
    """

    least_area: float = 0.4
    aspect: float = 0.29
    rotation: float = 10.0
    mirror: bool = True
    colour: float = 0.4
    hue: float = 0.1
    grey: float = 0.1
    noise: float = 12.0
    least_resolution: float = 0.4
    writing: bool = True

    def __call__(
        self, pictures: tf.Tensor, side: int, *, seed: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Altered and clean views, float32 (B, side, side, 3); with a seed always the same ones.

        Noise falls on the first quarter of the rows, writing on the second, low resolution on the
        third, so that two views of a picture, one half of the batch below the other, never share
        them.
        """
        dice = _Dice(seed)
        clean = self._warp(tf.cast(pictures, tf.float32), side, dice)
        altered = self._recolour(clean, dice)
        quarter = tf.shape(pictures)[0] // 4
        noisy = self._add_noise(altered[:quarter], dice)
        blurred = self._lower_resolution(altered[2 * quarter : 3 * quarter], side, dice)
        written, rest = altered[quarter : 2 * quarter], altered[3 * quarter :]
        if self.writing:
            written = self._write_over(written, side, dice)
        altered = tf.concat([noisy, written, blurred, rest], axis=0)
        return tf.clip_by_value(altered, 0.0, 255.0), clean

    def _warp(self, pictures: tf.Tensor, side: int, dice: "_Dice") -> tf.Tensor:
        """A random part of each picture, mirrored or not, as a view; those of the second and third
        quarter turned as well."""
        count = tf.shape(pictures)[0]
        area = dice.uniform([count], self.least_area, 1.0)
        stretch = tf.exp(0.5 * dice.uniform([count], -self.aspect, self.aspect))
        width = tf.minimum(tf.sqrt(area) * stretch, 1.0)  # shares of the picture's sides
        height = tf.minimum(tf.sqrt(area) / stretch, 1.0)
        left = 0.5 + dice.uniform([count], -0.5, 0.5) * (1.0 - width)  # of the middle
        top = 0.5 + dice.uniform([count], -0.5, 0.5) * (1.0 - height)
        if self.mirror:
            width = tf.where(dice.uniform([count], 0.0, 1.0) < 0.5, -width, width)
        parts = tf.stack([left, top, width, height], axis=1)
        quarter = count // 4
        turned = slice(quarter, 3 * quarter)
        views = [
            _cut(pictures[:quarter], parts[:quarter], side),
            self._turn(pictures[turned], parts[turned], side, dice),
            _cut(pictures[3 * quarter :], parts[3 * quarter :], side),
        ]
        return tf.ensure_shape(tf.concat(views, axis=0), [None, side, side, 3])

    def _turn(self, pictures: tf.Tensor, parts: tf.Tensor, side: int, dice: "_Dice") -> tf.Tensor:
        """Parts of pictures as views, each turned by a random angle; black around."""
        size = pictures.shape[1]
        left, top, width, height = tf.unstack(parts, axis=1)
        limit = self.rotation * math.pi / 180.0
        angle = dice.uniform([tf.shape(pictures)[0]], -limit, limit)
        # a view's pixel (x, y) looks at (a x + b y + c, d x + e y + f) of the picture
        cosine, sine = tf.cos(angle), tf.sin(angle)
        a, b = cosine * width * (size / side), -sine * height * (size / side)
        d, e = sine * width * (size / side), cosine * height * (size / side)
        middle = (side - 1) / 2
        c = left * size - 0.5 - (a + b) * middle
        f = top * size - 0.5 - (d + e) * middle
        nothing = tf.zeros_like(a)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pictures,
            transforms=tf.stack([a, b, c, d, e, f, nothing, nothing], axis=1),
            output_shape=[side, side],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="CONSTANT",
        )

    def _recolour(self, views: tf.Tensor, dice: "_Dice") -> tf.Tensor:
        """Brightness, contrast, saturation and hue changed: one 3 x 3 matrix for each view."""
        count = tf.shape(views)[0]
        low, high = 1.0 - self.colour, 1.0 + self.colour
        brightness, contrast, saturation = (dice.uniform([count], low, high) for _ in range(3))
        grey = dice.uniform([count], 0.0, 1.0) < self.grey
        saturation = tf.where(grey, 0.0, saturation)
        angle = dice.uniform([count], -self.hue, self.hue) * 2.0 * math.pi
        # in YIQ: the hue is a turn of the two colour axes, the saturation their length
        cosine, sine = saturation * tf.cos(angle), saturation * tf.sin(angle)
        zero, one = tf.zeros_like(cosine), tf.ones_like(cosine)
        turn = tf.stack([one, zero, zero, zero, cosine, -sine, zero, sine, cosine], axis=1)
        to_yiq, to_rgb = tf.constant(_TO_YIQ), tf.linalg.inv(tf.constant(_TO_YIQ))
        matrix = to_rgb @ tf.reshape(turn, [-1, 3, 3]) @ to_yiq  # (B, 3, 3)
        matrix *= (brightness * contrast)[:, None, None]
        offset = brightness * (1.0 - contrast)  # of the mean brightness
        untouched = (dice.uniform([count], 0.0, 1.0) < 0.2) & ~grey
        matrix = tf.where(untouched[:, None, None], tf.eye(3), matrix)
        offset = tf.where(untouched, 0.0, offset)
        mean = tf.reduce_mean(views, axis=[1, 2]) @ to_yiq[0][:, None]  # (B, 1)
        flat = tf.reshape(views, [count, -1, 3]) @ tf.transpose(matrix, [0, 2, 1])
        return tf.reshape(flat, tf.shape(views)) + (mean * offset[:, None])[:, None, None, :]

    def _add_noise(self, views: tf.Tensor, dice: "_Dice") -> tf.Tensor:
        spread = dice.uniform([tf.shape(views)[0], 1, 1, 1], 0.0, self.noise)
        width = math.sqrt(3.0)  # of half a uniform distribution of standard deviation 1
        return views + dice.uniform(tf.shape(views), -width, width) * spread

    def _write_over(self, views: tf.Tensor, side: int, dice: "_Dice") -> tf.Tensor:
        """A band of black or white cells, each there or not: 4 of them high, 24 to the width."""
        count = tf.shape(views)[0]
        high = dice.uniform([count, 1], 0.08, 0.25)  # shares of the side
        top = dice.uniform([count, 1], 0.0, 1.0) * (1.0 - high)
        line = (tf.range(side, dtype=tf.float32)[None] + 0.5) / side  # (1, side)
        row = tf.cast(tf.floor((line - top) / high * 4.0), tf.int32)  # outside: not in 0..3
        column = tf.cast(tf.floor(line[0] * 24.0), tf.int32)
        cells = tf.cast(dice.uniform([count, 4, 24], 0.0, 1.0) < 0.5, tf.float32)
        there = tf.one_hot(row, 4) @ cells @ tf.transpose(tf.one_hot(column, 24))  # (B, side, side)
        ink = 255.0 * tf.round(dice.uniform([count, 1, 1, 1], 0.0, 1.0))
        return views + there[..., None] * (ink - views)

    def _lower_resolution(self, views: tf.Tensor, side: int, dice: "_Dice") -> tf.Tensor:
        share = dice.uniform([], self.least_resolution, 1.0)
        small = tf.cast(tf.round(share * side), tf.int32)
        shrunk = tf.image.resize(views, tf.stack([small, small]), antialias=True)
        return tf.ensure_shape(tf.image.resize(shrunk, [side, side]), views.shape)


_TO_YIQ = (
    (0.299, 0.587, 0.114),
    (0.596, -0.274, -0.322),
    (0.211, -0.523, 0.312),
)


def _cut(pictures: tf.Tensor, parts: tf.Tensor, side: int) -> tf.Tensor:
    """Parts of pictures as views: three times as fast as `_turn`.

    Args:
        pictures: float32 (B, S, S, 3).
        parts: float32 (B, 4), the middle and the sides as shares of the pictures' sides; a
            negative width mirrors.
        side: Of the views.
    """
    size = pictures.shape[1]
    left, top, width, height = tf.unstack(parts, axis=1)
    reach = (side - 1) / side / 2  # from the middle of a view to the middle of its last pixel
    ends = [top - reach * height, left - reach * width, top + reach * height, left + reach * width]
    boxes = (tf.stack(ends, axis=1) * size - 0.5) / (size - 1)  # 0 and 1: the outermost pixels
    rows = tf.range(tf.shape(pictures)[0])
    return tf.image.crop_and_resize(pictures, tf.clip_by_value(boxes, 0.0, 1.0), rows, [side, side])


class _Dice:
    """Random numbers: new ones each time, or with a seed the same ones in the same order."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._thrown = 0

    def uniform(self, shape: object, low: float, high: float) -> tf.Tensor:
        if self._seed is None:
            return tf.random.uniform(shape, low, high)
        return tf.random.stateless_uniform(shape, self._next(), low, high)

    def _next(self) -> list[int]:
        self._thrown += 1
        return [self._seed or 0, self._thrown]
