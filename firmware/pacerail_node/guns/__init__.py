"""What catches an edge on the gun pin. A module for each way of doing it; each has a class Capture with

    late_us     an edge is noted at most so much later, or earlier, than it was
    arm(tick)   forget what was caught; catch the next edge from here on. It then stays deaf until it is armed again, so
                that a contact that chatters, or a loose wire, cannot eat the board's time
    disarm()    catch nothing
    take()      the tick of the edge that was caught since `arm`; -1 while there is none. It gives each edge once

None of them allocates after it was made. What is done with the edges is in `gunpin`.
"""
