"""The inspector at work on live traffic, in a process of its own.

`live` is the side of the central system: it hands frames over and stores what is found. `worker` is the
process: `stations` looks at the frames of each charge point, `reporting` says what was found, neither too
often nor too late. `pipe` is what they say to each other.
"""
