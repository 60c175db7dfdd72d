"""The live view in the terminal: a picture is computed from the race (state), laid out and drawn (stage, draw, rail),

and what has changed of it is sent to the screen (screen). `view` is what a bench is run with.
"""
