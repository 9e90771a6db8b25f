"""Time and level: every conversion and every rounding in the product happens here, named at both ends.

Text and timing are integer milliseconds, audio is integer frames, levels are decibels. Seconds exist only at a
vendor's door.
"""

import math


def ms_to_frames(ms: int, rate_hz: int) -> int:
    """Convert a time to the nearest frame, halves up.

    Args:
        ms: milliseconds, >= 0.
        rate_hz: frames per second, > 0.

    >>> ms_to_frames(1, 44100)
    44
    """
    return (ms * rate_hz + 500) // 1000


def frames_to_ms(frames: int, rate_hz: int) -> int:
    """Convert frames to the nearest millisecond, halves up.

    The inverse of `ms_to_frames` for every rate of at least 1000 Hz.

    >>> frames_to_ms(24000, 24000)
    1000
    """
    return (frames * 1000 + rate_hz // 2) // rate_hz


def s_to_ms(seconds: float) -> int:
    """Convert a vendor's float seconds to the nearest millisecond, halves up.

    >>> s_to_ms(1.2345)
    1235
    """
    return math.floor(seconds * 1000 + 0.5)


def ms_to_s(ms: int) -> float:
    """Convert milliseconds to the float seconds that vendors and ffmpeg take."""
    return ms / 1000


def db_to_gain(level_db: float) -> float:
    """Convert decibels to a linear amplitude factor.

    >>> db_to_gain(0.0)
    1.0
    """
    return float(10 ** (level_db / 20))


def gain_to_db(gain: float) -> float:
    """Convert a linear amplitude factor, >= 0, to decibels; 0 is minus infinity."""
    return 20 * math.log10(gain) if gain > 0 else -math.inf
