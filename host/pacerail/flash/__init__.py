"""From any state to running: images and firmware onto boards (see docs/flashing.md).

`layout` says how the firmware lies on a board so that a pulled cable leaves the old one or the new one, `install` puts
it there through `remote` (mpremote), `blank` and `esp` put MicroPython onto a chip that has none, `states` asks a board
what it runs, `job` does one board from beginning to end, and `run` does many at once.
"""
