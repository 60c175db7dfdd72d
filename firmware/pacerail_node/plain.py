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


ptr8 = ptr16 = ptr32 = _same
