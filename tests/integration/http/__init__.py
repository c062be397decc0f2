"""Http on real parts."""
