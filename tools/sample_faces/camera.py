"""The camera that a person was taken with: what it makes of the light, and the 64 greys of the file."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_GREYS = 64


@dataclass(frozen=True)
class Camera:
    """One camera and where it stood.

    Attributes:
        distance: from the eyes, decimetres; a near one makes noses large.
        exposure: factor of the greys; 1 is the right one.
        contrast: exponent of the greys; above 1 dark tones are darker.
        blur: standard deviation of a Gaussian, pixels.
        noise: standard deviation, grey levels of 255.
    """

    distance: float
    exposure: float
    contrast: float
    blur: float
    noise: float

    def develop(self, grey: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Return the image, (H, W) uint8 in 64 levels of grey.

        Args:
            grey: (H, W) float, what a perfect camera sees, in [0, 1].
            random: source of the noise.
        """
        grey = self.exposure * np.clip(ndimage.gaussian_filter(grey, self.blur), 0.0, 1.0) ** self.contrast
        grey = np.clip(grey, 0.0, 1.0)
        # A wall that is overexposed stays white: noise is in what is not.
        noise = random.normal(0.0, self.noise / 255.0, size=grey.shape) * (grey < 0.98)
        return np.round(np.round(np.clip(grey + noise, 0.0, 1.0) * (_GREYS - 1)) * (255.0 / (_GREYS - 1))).astype(
            np.uint8
        )


def of(number: int, random: np.random.Generator) -> Camera:
    """Return a person's camera as it was set for one image.

    Args:
        number: of the person, who was taken by one camera.
        random: source of what differs between that person's images.
    """
    own = np.random.default_rng([number, 808])
    return Camera(
        distance=float(np.exp(own.uniform(np.log(7.0), np.log(26.0)))),
        exposure=own.uniform(0.90, 1.14) * random.uniform(0.96, 1.04),
        contrast=own.uniform(0.80, 1.25) * random.uniform(0.97, 1.03),
        blur=own.uniform(0.4, 1.4),
        noise=own.uniform(0.5, 3.5),
    )
