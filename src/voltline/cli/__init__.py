"""The command line, and the only room that may put central and station together.

A command is a module here with a function of its name (`serve.py` has `serve`), whose parameters are
annotated for typer; `main.py` lists it and imports it when it is called, not before.
"""
