"""The read-back sheet: a plan on paper, for the athlete, the coach, television and whoever signs that it is right."""
