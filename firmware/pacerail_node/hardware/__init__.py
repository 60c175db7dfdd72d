"""A module for each kind of board: a class Board, made of the config, which has

ticks_us()        microseconds that wrap at 2^30
idle(until_tick)  may return early, and must when bytes have come
close()           the console takes over: it ends what only the firmware keeps alive
link, strip       see `links` and `strips`
gun               what catches an edge on the gun pin: a Capture of `guns`; None where there is none
reset_cause       the chip's own number for why it started
temperature_dc()  of the chip, in 0.1 C + messages.TEMPERATURE_BIAS; 0 where it is not known
supply_mv()       of the board, in mV; 0 where it is not known
"""
