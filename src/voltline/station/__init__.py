"""The charge point: `core` decides, `device` connects it, `simulator` is its hardware and its drivers."""
