"""The simulated rail: the real firmware in real MicroPython, in a world that knows the true time."""
