"""The members of documents: their types, and the meaning that a member's strings have."""
