"""A recorded charge point played against a central system, and what that answers compared.

    log -> script -> playing -> comparing -> what differs

A `Script` is what the charge point did, in order; `mapping` puts new message ids, transaction ids and times
in the place of the recorded ones; `playing` does it again; `comparing` tells how the answers differ.
"""
