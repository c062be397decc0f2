"""The command line on real parts."""
