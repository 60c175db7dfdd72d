"""Stands in for MicroPython's compiler words under CPython, so that the viper kernels run there as plain Python.

`viper` leaves a function as it is and a pointer cast hands its buffer back: the code is the same, only slower.
"""


class micropython:  # noqa: N801 - the name that the decorator syntax of MicroPython fixes
    @staticmethod
    def viper(function):
        return function

    @staticmethod
    def const(value):
        return value


def _same(buffer):
    return buffer


_made = []  # what a number points into: its upper half counts here


class Words:
    """32-bit words as a pointer sees them: it is also a number, to which 4 are added to come to the next word."""

    def __init__(self, words):
        self._words = words
        self._number = len(_made) << 32
        _made.append(words)

    def __int__(self):
        return self._number

    def __getitem__(self, index):
        return self._words[((self._number & 0xFFFFFFFF) >> 2) + index]

    @classmethod
    def at(cls, number):
        """The pointer that is this number."""
        self = cls.__new__(cls)
        self._words = _made[number >> 32]
        self._number = number
        return self


def _pointer(place):
    return Words.at(place) if isinstance(place, int) else place


ptr8 = ptr16 = _same
ptr32 = _pointer
