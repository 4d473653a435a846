"""One detector a file, named for its id: `r01_unanswered_call.py`. Found by the registry; no list to keep."""
