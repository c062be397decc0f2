"""The sandbox as the domain sees it: what it is used for, how much of it a request may use, and its port."""
