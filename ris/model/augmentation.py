"""A batch of pictures altered as tensors: what the encoder must see through.

In: uint8 (B, S, S, 3). Out: the altered batch and the clean one it came from, float32 in 0..255
with the same geometry. No loop over pictures, no work in Python.
"""

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Augmentation:
    """How pictures are altered.

    Attributes:
        least_area: Smallest share of the picture's area that a crop keeps.
        mirror: Whether half of the pictures are mirrored.
        colour: Largest relative change of brightness, contrast and saturation.
        noise: Largest standard deviation of noise, in units of 0..255.
    """

    least_area: float = 0.5
    mirror: bool = True
    colour: float = 0.2
    noise: float = 12.0

    def __call__(
        self, pictures: tf.Tensor, *, seed: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Altered and clean pictures, float32 (B, S, S, 3); with a seed always the same ones."""
        dice = _Dice(seed)
        clean = self._crop(tf.cast(pictures, tf.float32), dice)
        return self._recolour(clean, dice), clean

    def _crop(self, pictures: tf.Tensor, dice: "_Dice") -> tf.Tensor:
        """A random part of each picture, mirrored or not, brought back to full size."""
        count, size = tf.shape(pictures)[0], pictures.shape[1]
        side = tf.sqrt(dice.uniform([count], self.least_area, 1.0))
        top = dice.uniform([count], 0.0, 1.0) * (1.0 - side)
        left = dice.uniform([count], 0.0, 1.0) * (1.0 - side)
        right = left + side
        if self.mirror:
            turned = dice.uniform([count], 0.0, 1.0) < 0.5
            left, right = tf.where(turned, right, left), tf.where(turned, left, right)
        boxes = tf.stack([top, left, top + side, right], axis=1)  # (B, 4), swapped sides mirror
        return tf.image.crop_and_resize(pictures, boxes, tf.range(count), [size, size])

    def _recolour(self, pictures: tf.Tensor, dice: "_Dice") -> tf.Tensor:
        """Brightness, contrast and saturation changed, noise added; one draw for each picture."""
        shape = [tf.shape(pictures)[0], 1, 1, 1]
        low, high = 1.0 - self.colour, 1.0 + self.colour
        brightness = dice.uniform(shape, low, high)
        contrast = dice.uniform(shape, low, high)
        saturation = dice.uniform(shape, low, high)
        grey = tf.reduce_mean(pictures, axis=3, keepdims=True)
        mean = tf.reduce_mean(grey, axis=[1, 2], keepdims=True)
        coloured = grey + (pictures - grey) * saturation
        coloured = (mean + (coloured - mean) * contrast) * brightness
        spread = dice.uniform(shape, 0.0, self.noise)
        noisy = coloured + dice.normal(tf.shape(pictures)) * spread
        return tf.clip_by_value(noisy, 0.0, 255.0)


class _Dice:
    """Random numbers: new ones each time, or with a seed the same ones in the same order."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._thrown = 0

    def uniform(self, shape: object, low: float, high: float) -> tf.Tensor:
        if self._seed is None:
            return tf.random.uniform(shape, low, high)
        return tf.random.stateless_uniform(shape, self._next(), low, high)

    def normal(self, shape: object) -> tf.Tensor:
        if self._seed is None:
            return tf.random.normal(shape)
        return tf.random.stateless_normal(shape, self._next())

    def _next(self) -> list[int]:
        self._thrown += 1
        return [self._seed or 0, self._thrown]
