"""What runs on a board. The modules without hardware in them also run on CPython, and the host imports them."""

VERSION = "0.1.0"
