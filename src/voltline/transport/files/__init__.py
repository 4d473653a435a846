"""Files to and from a server by FTP, FTPS, HTTP or HTTPS, as OCPP 1.6, 8 has it."""
