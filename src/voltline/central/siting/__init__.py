"""Sites steered live: facts from connections and meters go to a `SiteController`, its acts to charge points.

`board` knows which site a charge point belongs to, `live` steers one site, `sending` speaks OCPP.
"""
