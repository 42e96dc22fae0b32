"""The draws of Python's random.Random, compiled: MT19937 (Matsumoto and Nishimura, 1998)."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_SIZE, _AHEAD = 624, 397
_UPPER, _LOWER, _TWIST = 0x80000000, 0x7FFFFFFF, 0x9908B0DF


@njit(cache=True)
def _word(mt: NDArray[np.int64]) -> int:
    if mt[_SIZE] >= _SIZE:
        for i in range(_SIZE):
            bits = (mt[i] & _UPPER) | (mt[(i + 1) % _SIZE] & _LOWER)
            mt[i] = mt[(i + _AHEAD) % _SIZE] ^ (bits >> 1)
            if bits & 1:
                mt[i] ^= _TWIST
        mt[_SIZE] = 0
    word = mt[mt[_SIZE]]
    mt[_SIZE] += 1
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return int(word ^ (word >> 18))


@njit(cache=True)
def draw(mt: NDArray[np.int64]) -> float:
    """Return a number from 0 up to 1; ``mt`` holds the 624 words of the generator and its index."""
    return ((_word(mt) >> 5) * 67108864.0 + (_word(mt) >> 6)) * (1.0 / 9007199254740992.0)
