"""A recording proxy between charge points and their central system.

    station <-> relay <-> central system       bytes, as they are; or messages, where rules may change them
                  |
                watch -> recording, inspection, screen

`proxy` listens and opens; a `Relay` joins two sockets; `handshake` and `stream` read what passes; `rules`
change it on demand. What is watched is watched after it was passed on.
"""
