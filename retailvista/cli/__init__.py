"""The command line, a contract for people and scripts.

`--json` prints one JSON document on stdout and nothing else; exit 0 = done, 1 = refused or a
difference found (the reason on stderr), 2 = usage. Secrets come by `--...-stdin` or from the
environment, never as an argument.
"""
