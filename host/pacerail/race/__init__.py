"""A race from upload to report: prepared, started by a gun, changed while it runs, kept until the last wave is dark."""
