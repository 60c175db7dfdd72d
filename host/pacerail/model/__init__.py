"""What is to be shown and where: units, tracks, profiles, plans and rails. Pure: no port, no screen, no clock."""
