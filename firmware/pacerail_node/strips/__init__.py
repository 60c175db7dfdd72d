"""The drivers of LED strips. One driver drives all outputs of a board, so that they change together.

A driver has:

    pixels           how many pixels its outputs have together, in the order of the board's outputs
    dimmed           frames that the current limit has dimmed, so far
    limit(outputs)   take the current limits of a pace table's outputs; raises pacetable.BadTable if it is for others
    buffer           bytearray(3 * pixels): linear RGB, to be drawn into when `ready`
    wire_us          from the start of a frame to the instant at which it is seen, data and latch of its longest output;
                     also how soon after one start the next may be
    ready(tick)      whether the buffer may be drawn into: the frame submitted last is on its way
    ready_tick(tick) when it will be: that tick, or `tick` itself
    submit(start_tick, race_10us)
                     send what is in the buffer; the wire starts at `start_tick`, by the hardware, whatever Python does
                     then. Returns the tick at which it really does: later if there was no time left. `race_10us` is
                     the race time it was drawn for: for the record, no driver shows it

So one frame is on the wire while the next one waits for its tick, drawn: a message that takes a few milliseconds to
handle costs no frame. Power limits, colour order and brightness belong to the outgoing copy that a driver makes: see
`outgoing`. The simulated board has none of them, since what is recorded is the light before them.
"""
