"""The tables of the simulated Moodle, with the indexes that make large courses quick to read."""
