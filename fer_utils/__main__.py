"""`python -m fer_utils`: the same as the `fer` command."""

from fer_utils.cli import main

main(prog_name="fer")
