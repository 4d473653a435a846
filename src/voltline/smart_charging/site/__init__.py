"""A site that shares one grid connection between its connectors, and never asks more of a fuse than it has.

`tree` says what is connected to what, `claims` what a connector may draw at most by all that was said to it,
`demand` what a car wants, `capacity` what a fuse has to give, `allocation` and `sharing` who gets how much of
it, and `controller` puts them together: facts in, acts out, time is an argument.
"""
