"""The parts that all commands share: the API's client, output, exit codes, arguments, files."""
