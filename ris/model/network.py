"""The convolutional autoencoder: pictures to codes and features, codes to pictures.

Beside the convolutions lies a linear path on both sides, one patch of the picture to one cell of
the code and back. It begins as the principal components of the patches, the convolutions add to
it, so that the features need not carry what a patch's colours already say.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from ris.errors import StoreError
from ris.model.encoder import to_pixels

STRIDE = 16  # pixels of the picture, on each side, to one cell of the code
MAX_DIMENSION = 192
_BATCH = 512  # views at once


@dataclass(frozen=True)
class NetworkSettings:
    """What a network looks like.

    Attributes:
        size: Side of the input in pixels, a multiple of `STRIDE`.
        widths: Channels of the encoder's three stages, whose maps are S/4, S/8 and S/16 wide.
        blocks: Residual blocks of each stage.
        code_channels: Channels of the code.
        decoder_width: Channels of the decoder where it is S/8 wide, a multiple of 4.
        dimension: Length of the learned part of the embedding, at most twice the last of `widths`.
        colour: Weight of the colour histogram beside it; 0 leaves it out. With `turned` it is the
            scale at which the histogram is one of the features.
        turned: Whether embeddings are the mean over the eight turned and mirrored views of a
            picture, for pictures that have no up; else over the picture and its mirror image. An
            embedding takes four times as long then.
    """

    size: int = 64
    widths: tuple[int, int, int] = (48, 96, 256)
    blocks: tuple[int, int, int] = (1, 1, 1)
    code_channels: int = 32
    decoder_width: int = 64
    dimension: int = MAX_DIMENSION
    colour: float = 0.3
    turned: bool = False


@keras.saving.register_keras_serializable("ris")
class StandardisedConv2D(layers.Conv2D):  # type: ignore[misc]
    """A convolution whose filters have zero mean and unit variance, times a learned gain.

    It stands in for batch normalisation, which costs 2.3 times the training step under bfloat16
    on a processor (measured 2026-11-22).

    Source: Qiao et al., Micro-Batch Training with Batch-Channel Normalization and Weight
    Standardization (2019); Brock et al., High-Performance Large-Scale Image Recognition Without
    Normalization (2021), section 2.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.gain = self.add_weight(shape=(self.filters,), initializer="ones", name="gain")

    def save_own_variables(self, store: Any) -> None:
        """Kernel, bias and gain; Conv2D itself (Keras 3.15) would leave the gain out."""
        super().save_own_variables(store)
        store["gain"] = self.gain

    def load_own_variables(self, store: Any) -> None:
        """See `save_own_variables`."""
        super().load_own_variables(store)
        self.gain.assign(store["gain"])

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution with standardised filters."""
        kernel = ops.cast(kernel, "float32")
        fan_in = float(np.prod(kernel.shape[:-1]))
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.var(kernel, axis=(0, 1, 2), keepdims=True)
        # 1.4 is about the gain that keeps the variance through a ReLU
        scale = 1.4 * ops.cast(self.gain, "float32") * ops.rsqrt(variance * fan_in + 1e-4)
        return super().convolution_op(inputs, ops.cast((kernel - mean) * scale, inputs.dtype))


@keras.saving.register_keras_serializable("ris")
class SkipGain(layers.Layer):  # type: ignore[misc]
    """One learned number that scales the branch of a residual block, 0.3 at first.

    Source: De and Smith, Batch Normalization Biases Residual Blocks Towards the Identity Function
    in Deep Networks (2020), SkipInit.
    """

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(
            shape=(), initializer=keras.initializers.Constant(0.3), name="scale"
        )

    def call(self, inputs: Any) -> Any:
        """Scale the inputs."""
        return inputs * ops.cast(self.scale, inputs.dtype)


@keras.saving.register_keras_serializable("ris")
class DepthToSpace(layers.Layer):  # type: ignore[misc]
    """(B, H, W, b * b * C) to (B, b * H, b * W, C).

    Source: Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient
    Sub-Pixel Convolutional Neural Network (2016).
    """

    def __init__(self, block: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.block = block

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "block": self.block}

    def call(self, inputs: Any) -> Any:
        """Move channels into space."""
        return tf.nn.depth_to_space(inputs, self.block)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives."""
        count, *sides, channels = input_shape
        sides = [side and side * self.block for side in sides]  # None: any
        return (count, *sides, channels // self.block**2)


class Network:
    """An autoencoder with the head that makes embeddings of its features.

    Attributes:
        encoder: Pictures of any side that is a multiple of `STRIDE` to `code`, to `map`, the last
            one, to `features`, its mean over all places, and to `peaks`, its maxima.
        decoder: Codes to reconstructions.
        head: Features, peaks and layout, as a mean over views of a picture, and colours, to
            embeddings; fitted after training, see `head.py`.
        model: All three in one, as it is saved; its input has the side that serves.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        self.encoder = model.get_layer("encoder")
        self.decoder = model.get_layer("decoder")
        self.head = model.get_layer("head")
        self._functions: dict[str, Any] = {}  # compiled, by what they give

    @property
    def size(self) -> int:
        """Side of the input in pixels."""
        return int(self.model.input_shape[1])

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return int(self.head.output_shape[-1])

    @property
    def turned(self) -> bool:
        """Whether embeddings are the mean over turned views too; see `NetworkSettings`."""
        return self.views > 2

    def head_features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the head gets of pictures: uint8 (N, S, S, 3) to float32 (N, C)."""
        return self._run("head_features", pixels)

    def encode(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings, as the exported encoder gives them: uint8 (N, S, S, 3) to float32 (N, D)."""
        return self._run("embedding", pixels)

    def reconstruct(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Pictures as the decoder gives them back: uint8 (N, S, S, 3) to the same."""
        return to_pixels(self._run("reconstruction", pixels))

    def _run(self, output: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """One output of many pictures, a batch at a time."""
        if output not in self._functions:
            named = self.model.output
            found = named[output] if output in named else self.model.get_layer(output).output
            part = keras.Model(self.model.input, found)
            signature = [tf.TensorSpec((None, self.size, self.size, 3), tf.float32)]
            self._functions[output] = tf.function(part, input_signature=signature)
        function, batch = self._functions[output], _BATCH // self.views
        starts = range(0, len(pixels), batch)
        found = [function(pixels[one : one + batch].astype(np.float32)) for one in starts]
        return np.concatenate([np.asarray(one, np.float32) for one in found])

    @property
    def views(self) -> int:
        """How many views of a picture an embedding is the mean over."""
        return int(self.model.get_layer("other_views").count) + 1

    def save(self, path: Path) -> None:
        """Write the `.keras` file."""
        self.model.save(path)

    def has_shape_of(self, other: "Network") -> bool:
        """Whether encoder and decoder of both have weights of the same shapes, so that one can
        take the other's."""
        mine, others = (
            [weight.shape for part in (one.encoder, one.decoder) for weight in part.weights]
            for one in (self, other)
        )
        return mine == others

    def copy_weights(self, other: "Network") -> None:
        """Take encoder and decoder of a network of the same shape; the head stays as it is."""
        self.encoder.set_weights(other.encoder.get_weights())
        self.decoder.set_weights(other.decoder.get_weights())

    def blend(self, other: "Network", share: float) -> None:
        """Keep a share of the own weights of encoder and decoder, and take the rest from a network
        of the same shape; the head stays as it is."""
        for mine, its in ((self.encoder, other.encoder), (self.decoder, other.decoder)):
            pairs = zip(mine.get_weights(), its.get_weights(), strict=True)
            mine.set_weights([share * own + (1 - share) * given for own, given in pairs])


def load_network(path: Path) -> Network:
    """The network of a `.keras` file.

    Raises:
        StoreError: The file is missing or damaged, or holds a network of another kind.
    """
    try:
        return Network(keras.saving.load_model(path, compile=False))
    except (ValueError, OSError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(f"{path.name} can't be loaded: {str(error)[:200]}") from error


def build_network(settings: NetworkSettings, *, policy: str = "float32") -> Network:
    """A new network with random weights.

    Args:
        settings: Its shape.
        policy: Keras dtype policy, "float32" or "mixed_bfloat16".
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        encoder = _encoder(settings)
        decoder = _decoder(settings)
        pictures = keras.Input((settings.size, settings.size, 3), name="pictures")
        found = encoder(pictures)
        views = OtherViews(settings.turned, name="other_views", dtype="float32")
        others = encoder(views(pictures))
        features = MeanDirection(views.count + 1, name="mean_direction", dtype="float32")(
            [found["features"], found["peaks"], others["features"], others["peaks"]]
        )
        colours = ColourHistogram(dtype="float32")(pictures)
        parts = [features]
        if settings.turned and settings.colour:
            parts.append(layers.Rescaling(settings.colour, dtype="float32")(colours))
        usual = layers.Concatenate(name="mean_features", dtype="float32")(parts)
        layout = Layout(settings.turned, dtype="float32")([found["map"], others["map"]])
        features = layers.Concatenate(name="head_features", dtype="float32")([usual, layout])
        outputs = {
            "reconstruction": decoder(found["code"]),
            "embedding": _head(settings, features.shape[-1])([features, colours]),
        }
        return Network(keras.Model(pictures, outputs, name="autoencoder"))
    finally:
        keras.config.set_dtype_policy(before)


def fit_linear_path(network: Network, pixels: NDArray[np.uint8]) -> None:
    """Let the linear path begin as the principal components of the pictures' patches.

    Args:
        network: An untrained network.
        pixels: uint8 (N, S, S, 3), a sample of the pictures.
    """
    encode = network.encoder.get_layer("linear_code")
    decode = network.decoder.get_layer("linear_patch")
    side, channels = STRIDE, encode.filters
    rows = pixels.shape[1] // side
    patches = pixels.reshape(-1, rows, side, rows, side, 3).transpose(0, 1, 3, 2, 4, 5)
    flat = patches.reshape(-1, side * side * 3) / 127.5 - 1.0  # (N * rows * rows, side * side * 3)
    mean = flat.mean(axis=0)
    variances, axes = np.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))  # ascending
    axes = axes[:, ::-1][:, :channels]
    scale = np.sqrt(variances[::-1][:channels].mean() + 1e-6)  # codes of about unit variance
    kernel = (axes / scale).reshape(side, side, 3, channels)
    encode.set_weights([kernel, -mean @ axes / scale])
    decode.set_weights([(axes * scale).T[None, None], mean])


def describing(network: Network) -> keras.Model:
    """Pictures (B, S, S, 3) to their embeddings (B, D), mean features (B, C), which the head gets
    without what is where, and feature maps (B, S / 16, S / 16, C), whose mean over the picture the
    features begin as."""
    pictures = network.model.input
    pooled = network.encoder.get_layer(index=_pooling(network.encoder))
    maps = keras.Model(network.encoder.input, pooled.input)
    return keras.Model(
        pictures,
        [
            network.model.output["embedding"],
            network.model.get_layer("mean_features").output,
            layers.Activation("linear", dtype="float32", name="feature_map")(maps(pictures)),
        ],
    )


def _pooling(encoder: keras.Model) -> int:
    """Which layer of an encoder takes the mean of its feature map."""
    kinds = [isinstance(layer, layers.GlobalAveragePooling2D) for layer in encoder.layers]
    return kinds.index(True)


def _views(turned: bool) -> int:
    """How many views of a picture an embedding is the mean over."""
    return 8 if turned else 2


@keras.saving.register_keras_serializable("ris")
class OtherViews(layers.Layer):  # type: ignore[misc]
    """The mirror images of square pictures, or all their turned and mirrored views but the first:
    (B, S, S, C) to (count * B, S, S, C), one view of all pictures after the other."""

    def __init__(self, turned: bool, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.turned = turned
        self.count = _views(turned) - 1

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "turned": self.turned}

    def call(self, inputs: Any) -> Any:
        """Turn and mirror."""
        mirrored = inputs[:, :, ::-1]
        if not self.turned:
            return mirrored
        views = [inputs, mirrored, inputs[:, ::-1], mirrored[:, ::-1]]
        views += [ops.swapaxes(one, 1, 2) for one in views]
        return ops.concatenate(views[1:], axis=0)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives."""
        return input_shape


@keras.saving.register_keras_serializable("ris")
class MeanDirection(layers.Layer):  # type: ignore[misc]
    """The mean over views of what is known of a picture, each part brought to unit length first.

    Takes features and peaks of the first view, (B, C) each, and of the others, (count * B, C) as
    `OtherViews` orders them, and gives (B, 2 C).
    """

    def __init__(self, count: int = 2, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.count = count

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "count": self.count}

    def call(self, inputs: Any) -> Any:
        """Normalise, add."""
        if len(inputs) == 2:  # networks that were made before had features alone, and two views
            return (ops.normalize(inputs[0], axis=-1) + ops.normalize(inputs[1], axis=-1)) / 2
        unit = [ops.normalize(ops.cast(one, "float32"), axis=-1) for one in inputs]
        first, others = (ops.concatenate(unit[i : i + 2], axis=-1) for i in (0, 2))
        each = ops.reshape(others, (self.count - 1, -1, others.shape[-1]))
        return (first + ops.sum(each, axis=0)) / self.count

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives."""
        count, width = input_shape[0]
        return (count, width if len(input_shape) == 2 else 2 * width)


@keras.saving.register_keras_serializable("ris")
class Layout(layers.Layer):  # type: ignore[misc]
    """What is seen where, as far as all views of a picture share it.

    Takes the map of the first view, (B, H, W, C), and those of the others, (count * B, H, W, C) as
    `OtherViews` orders them. Gives (B, K C), of unit length: of K parts of the picture the mean
    over their places, each brought to unit length, as a mean over the views. The parts are four
    rows, each in two, inside and the two sides together; where pictures have no up corners, edges
    and middle.

    With the base encoder, without and with them: precision@10 and the accuracy of 20 neighbours
    .493, .642 and .531, .680 on clothing, .571, .730 and .582, .748 on CIFAR-10 (12,000 pictures);
    altered copies found there: text .96 and .97, cut to half the area .96 and .89; of drawn nuclei,
    fluorescent, text .73 and .83, cut to 70 % .60 and .70 (2026-11-28).
    """

    def __init__(self, turned: bool, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.turned = turned

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "turned": self.turned}

    def build(self, input_shape: Any) -> None:
        self.places = _places(input_shape[0][1], self.turned)  # (K, H W)

    def call(self, inputs: Any) -> Any:
        """Take means, normalise, add."""
        channels, (parts, places) = inputs[0].shape[-1], self.places.shape
        maps = ops.reshape(ops.concatenate(inputs, axis=0), (-1, places, channels))
        unit = ops.normalize(ops.matmul(self.places, maps), axis=-1)  # (views * B, K, C)
        each = ops.reshape(unit, (_views(self.turned), -1, parts * channels))
        return ops.mean(each, axis=0) / parts**0.5

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives."""
        first, _ = input_shape
        return (first[0], len(_places(first[1], self.turned)) * first[-1])


def _places(side: int, turned: bool) -> NDArray[np.float32]:
    """Which places of a square map, in lines one after the other, each part is the mean over:
    (K, side * side), each row 1 in sum."""
    along = np.arange(side)
    ring = (np.minimum(along, side - 1 - along) >= side / 4).astype(int)  # 0 outside, 1 inside
    row = ring if turned else np.where(along < side / 2, ring, 3 - ring)
    part = (row[:, None] + ring if turned else 2 * row[:, None] + ring).ravel()
    member = part == np.unique(part)[:, None]
    return np.asarray(member / member.sum(axis=1, keepdims=True), np.float32)


@keras.saving.register_keras_serializable("ris")
class Mirror(layers.Layer):  # type: ignore[misc]
    """Pictures (B, H, W, C), left and right swapped; of networks that were made before."""

    def call(self, inputs: Any) -> Any:
        """Swap."""
        return inputs[:, :, ::-1]


@keras.saving.register_keras_serializable("ris")
class ColourHistogram(layers.Layer):  # type: ignore[misc]
    """Roots of the shares of 4 x 4 x 4 colours: (B, S, S, 3) in 0..255 to (B, 64), unit length.

    A pixel between two bins counts for both. Dot products of such vectors are Bhattacharyya
    coefficients.
    """

    def call(self, inputs: Any) -> Any:
        """Count."""
        small = ops.average_pool(inputs, 2, 2)
        count, pixels = ops.shape(small)[0], small.shape[1] * small.shape[2]
        # pixels last: ONNX Runtime takes 2.5 times as long with the four bins last
        flat = ops.transpose(ops.reshape(small, (count, pixels, 3)), (0, 2, 1))
        place = (ops.clip(flat, 31.5, 223.5) - 31.5) / 64.0  # of 3: bins' middles are 0, 1, 2, 3
        bins = ops.reshape(ops.arange(4, dtype="float32"), (1, 1, 4, 1))
        share = ops.relu(1.0 - ops.abs(place[:, :, None] - bins))  # (B, 3, 4, P), sums to 1 over 4
        red, green, blue = share[:, 0], share[:, 1], share[:, 2]
        red_green = ops.reshape(red[:, :, None] * green[:, None], (count, 16, pixels))
        shares = ops.matmul(red_green, ops.transpose(blue, (0, 2, 1)))  # (B, 16, 4)
        return ops.sqrt(ops.reshape(shares, (count, 64)) / pixels + 1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape that `call` gives."""
        return (input_shape[0], 64)


def _encoder(settings: NetworkSettings) -> keras.Model:
    pictures = keras.Input((None, None, 3))
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0)(pictures)
    linear = layers.Conv2D(settings.code_channels, STRIDE, STRIDE, name="linear_code")(scaled)
    x = StandardisedConv2D(settings.widths[0], 4, 4, "same", activation="relu")(scaled)
    for stage, (width, blocks) in enumerate(zip(settings.widths, settings.blocks, strict=True)):
        if stage:
            x = StandardisedConv2D(width, 3, 2, "same", activation="relu")(x)
        for _ in range(blocks):
            x = _residual_block(x, width)
    features = layers.GlobalAveragePooling2D(dtype="float32")(x)
    peaks = layers.GlobalMaxPooling2D(dtype="float32")(x)
    deep = layers.Conv2D(settings.code_channels, 1, name="code", kernel_initializer="zeros")(x)
    code = layers.Add()([linear, deep])  # (B, S / 16, S / 16, C)
    last = layers.Activation("linear", dtype="float32")(x)  # (B, S / 16, S / 16, C)
    outputs = {"code": code, "map": last, "features": features, "peaks": peaks}
    return keras.Model(pictures, outputs, name="encoder")


def _residual_block(x: Any, width: int) -> Any:
    branch = StandardisedConv2D(width, 3, padding="same", activation="relu")(x)
    branch = SkipGain()(StandardisedConv2D(width, 3, padding="same")(branch))
    return layers.Activation("relu")(layers.Add()([x, branch]))


def _decoder(settings: NetworkSettings) -> keras.Model:
    code = keras.Input((None, None, settings.code_channels))
    widest = settings.decoder_width
    x = _decoding_conv(2 * widest)(code)
    for width in (widest, widest // 2, widest // 4):  # doublings; the fourth is the last layer's
        x = DepthToSpace(2)(_decoding_conv(width * 4)(x))
    deep = layers.Conv2D(3 * 4, 3, padding="same", kernel_initializer="zeros")(x)
    linear = layers.Conv2D(3 * STRIDE * STRIDE, 1, name="linear_patch")(code)
    x = layers.Add()([DepthToSpace(STRIDE)(linear), DepthToSpace(2)(deep)])  # (B, S, S, 3)
    return keras.Model(code, layers.Activation("linear", dtype="float32")(x), name="decoder")


def _decoding_conv(width: int) -> layers.Layer:
    # he_normal: with Keras' default each of these widening layers shrinks the signal fivefold,
    # and the first hundred steps are spent on growing it again
    return layers.Conv2D(
        width, 3, padding="same", activation="relu", kernel_initializer="he_normal"
    )


def _head(settings: NetworkSettings, width: int) -> keras.Model:
    among_features = settings.turned and settings.colour > 0
    features = keras.Input((width,), dtype="float32")
    colours = keras.Input((64,), dtype="float32")
    x = layers.Dense(settings.dimension, name="axes", dtype="float32")(features)
    x = layers.UnitNormalization(dtype="float32")(x)
    if settings.colour and not among_features:
        weighted = layers.Rescaling(settings.colour**0.5, dtype="float32")(colours)
        x = layers.UnitNormalization(dtype="float32")(layers.Concatenate()([x, weighted]))
    return keras.Model([features, colours], x, name="head")
