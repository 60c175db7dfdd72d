"""One module for each kind of board: a class Board with ticks_us(), idle(until_tick), link, strip and reset_cause.

`idle` may return early, and must when bytes have come.
"""
