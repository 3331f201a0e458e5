"""Numbers of mathematics that several rooms use."""

import math

LOG_2PI = math.log(2 * math.pi)
"""Natural logarithm of 2 pi, of the normal density's constant."""
