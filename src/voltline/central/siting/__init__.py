"""Sites steered live: facts from connections and meters go to a `SiteController`, its acts to charge points.

`board` knows which site a charge point belongs to, `live` steers one site. Of that, `charge_points` knows
what each takes and is told, `sending` speaks OCPP, `metering` and `mqtt` read meters, `planning` plans the
hours ahead, `chronicle` keeps what people want to know.
"""
