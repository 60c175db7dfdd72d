"""Pacerail: pacing lights on the kerb of a running track."""

__version__ = "0.1.0"
