"""Commands about tests of workflows."""
