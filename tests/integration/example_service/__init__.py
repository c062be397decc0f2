"""The example service on real parts."""
