"""A module for each kind of board: a class Board with ticks_us(), idle(until_tick), close(), link, strip, reset_cause.

`idle` may return early, and must when bytes have come. `close` is called when the console takes over: it ends what only
the firmware keeps alive.
"""
