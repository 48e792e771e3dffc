"""`python -m deploy` is `ghostnote`, for a checkout whose console script is not on the path."""

from deploy.cli import main

main()
