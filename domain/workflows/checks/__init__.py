"""What can be wrong with a document: each module finds one kind of fault, and all of them run on every document."""
