"""What every command is made with: the API's client, output, exit codes, arguments, files."""
