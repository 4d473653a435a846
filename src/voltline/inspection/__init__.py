"""From the records of a log to findings. Pure: records in, findings out; no files, no clock, no sockets.

    records -> inference -> timeline -> sessions -> detectors -> findings

A `Record` is what a reader made of a line (`records`). `inference` settles what the log did not say: who
sent a frame, which zone its clock is in. `timeline` pairs calls with answers and says it as `events`;
`sessions` rebuilds charging sessions from those; `facts` remembers what is known of the station; a
`Detector` looks at events and facts and tells a `Finding`. `engine` puts it together for one station, live
or from a file.
"""
