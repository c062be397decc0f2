"""The expression language (JSONata): tokens, exact numbers and times, and the class of expressions that cost little."""
