"""The technician's and the platform operator's side: the `minshan` command, one file per command."""
