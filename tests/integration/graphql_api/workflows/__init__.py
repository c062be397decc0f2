"""The API's workflows over HTTP."""
