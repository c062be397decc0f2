"""JSON Schemas that come from outside: their cost, compiling them, and checking values against them."""
