"""The API's schedules over HTTP."""
