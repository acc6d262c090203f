"""Models that come with minillm: small ones, each in a folder of its own beside this file."""
