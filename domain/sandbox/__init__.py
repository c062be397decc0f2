"""The sandbox as the domain sees it: its uses, the budget of a request, and its port."""
